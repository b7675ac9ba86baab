"""The printed tables of rejected lines and held-back facts, and the message for a lake without any."""

from collections.abc import Callable

import pytest
from pyspark.sql import SparkSession

from sf_spark.settings import Settings
from sf_spark.staging.intake import take_in
from sf_spark.steps.quarantine import quarantine

HEADER = "siret;dt_effet;lib_actx_stdx\n"
OPENED, DAMAGED = (
    "98765432100010;26JAN2024;ouverture_redressement\n",
    "98765432100010;32JAN2024;ouverture_redressement\n",
)
Deliver = Callable[[str, str, bytes | str], None]


def test_rejects_and_facts_held_back_by_reason(
    spark: SparkSession, settings: Settings, deliver: Deliver, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    assert quarantine(spark, settings, said.append) == 0
    assert said == [f"no line has been rejected in {settings.lake}", "no fact is held back from ending"]
    for batch, line in (("2401", OPENED), ("2402", DAMAGED)):
        deliver(batch, "sigfaible_pcoll.csv", HEADER + line)
        take_in(None, settings, batch, lambda text: None)  # type: ignore[arg-type]
    said.clear()
    assert quarantine(spark, settings, said.append, batches=["2402"], sources=["procol"]) == 0
    shown = capsys.readouterr().out
    assert "bad_date" in shown and "2402..2402" in shown and DAMAGED.strip() in shown
    assert "damaged_line" in shown and "98765432100010" in shown
    assert said == [
        "1 reasons for lines rejected; corrected files go into a sub-batch (AAMM_01)",
        "1 facts held back; a corrected delivery releases them",
    ]
    said.clear()
    quarantine(spark, settings, said.append, batches=["2401"])
    assert said[0].startswith("0 reasons")
