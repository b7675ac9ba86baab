"""An unreadable file in a batch fails by name, and nothing else does."""

import os
from pathlib import Path

import pytest

from sf_spark.landing import files
from sf_spark.landing.files import list_files
from sf_spark.settings import Settings
from sf_spark.staging.intake import take_in

PCOLL = "siret;dt_effet;lib_actx_stdx\n73282932000074;26MAY2014;ouverture_redressement\n"


def statuses(settings: Settings) -> dict[str, tuple[str, str]]:
    done = take_in(None, settings, "2403", lambda text: None)
    return {account.file.name: (account.status, account.message) for account in done}


@pytest.fixture
def batch(settings: Settings) -> Path:
    folder = Path(settings.landing) / "2403"
    folder.mkdir(parents=True)
    (folder / "sigfaible_pcoll.csv").write_text(PCOLL)
    return folder


def test_a_folder_a_link_to_nothing_and_a_pipe_fail_by_name(settings: Settings, batch: Path) -> None:
    (batch / "x_debits.csv").mkdir()
    (batch / "y_debits.csv").symlink_to("/nonexistent")
    os.mkfifo(batch / "z_debits.csv")
    (batch / "archive").mkdir()
    (batch / "2403_01").mkdir()
    found = statuses(settings)
    assert found.pop("sigfaible_pcoll.csv") == ("ok", "")
    assert {name: status for name, (status, _) in found.items()} == dict.fromkeys(
        ("x_debits.csv", "y_debits.csv", "z_debits.csv"), "failed"
    )
    assert all(message.startswith("cannot be read: ") for _, message in found.values())


def test_a_file_that_may_not_be_read_or_vanishes_fails_by_name(
    settings: Settings, batch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (batch / "x_debits.csv").write_text("x")
    (batch / "y_debits.csv").write_text("y")
    really = files.open_bytes

    def opened(uri: str):  # type: ignore[no-untyped-def]
        if uri.endswith("x_debits.csv"):
            raise PermissionError(13, "Permission denied", uri)
        if uri.endswith("y_debits.csv"):
            os.remove(uri)
        return really(uri)

    monkeypatch.setattr(files, "open_bytes", opened)
    found = statuses(settings)
    assert found["sigfaible_pcoll.csv"] == ("ok", "")
    assert found["x_debits.csv"] == ("failed", "cannot be read: Permission denied")
    assert found["y_debits.csv"] == ("failed", "cannot be read: No such file or directory")


def test_a_transfer_of_hdfs_is_unfinished(settings: Settings, batch: Path) -> None:
    (batch / "sigfaible_debits.csv._COPYING_").write_text("x")
    status, message = statuses(settings)["sigfaible_debits.csv._COPYING_"]
    assert status == "failed" and message.startswith("unfinished")
    assert [file.name for file in list_files(str(batch), "2403") if file.unreadable] == []
