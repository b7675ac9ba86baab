"""The same plan gives the same bytes, foreign deliveries are kept, a killed run leaves no partial delivery."""

import hashlib
import json

import pytest

from sf_spark.demo import DemoPlan, generate
from sf_spark.demo import deliveries as module
from sf_spark.errors import ConfigurationError

SMALL = DemoPlan(entreprises=60, annees=3, seed=11)


def silent(_):
    return None


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes(new_demo, tmp_path):
    new_demo(SMALL, tmp_path / "a")
    new_demo(SMALL, tmp_path / "b")
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_another_seed_changes_every_file_of_data(new_demo, tmp_path):
    new_demo(SMALL, tmp_path / "a")
    new_demo(DemoPlan(entreprises=60, annees=3, seed=12), tmp_path / "b")
    first, second = digests(tmp_path / "a"), digests(tmp_path / "b")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] == second[name]] == []


def test_a_block_of_companies_does_not_depend_on_the_size_of_the_plan(new_demo, tmp_path):
    small = new_demo(DemoPlan(entreprises=500, annees=1, dirty_share=0.0), tmp_path / "a")
    large = new_demo(DemoPlan(entreprises=540, annees=1, dirty_share=0.0), tmp_path / "b")
    for file in ("sigfaible_pcoll.csv", "sireneUL.csv", "sigfaible_effectif_siren.csv"):
        assert large.content("2610", file).startswith(small.content("2610", file))


def test_second_run_finds_its_work_done_and_says_so(tmp_path):
    said = []
    first = generate(SMALL, tmp_path / "landing", tmp_path / "truth", silent)
    before = digests(tmp_path)
    second = generate(SMALL, tmp_path / "landing", tmp_path / "truth", said.append)
    assert second.reused and not first.reused
    assert second.files == first.files
    assert digests(tmp_path) == before
    assert len(said) == 1 and "already" in said[0]


@pytest.mark.parametrize("damaged", ["landing/2608/sigfaible_pcoll.csv", "truth/dirty.csv"])
def test_a_missing_file_is_written_again(tmp_path, damaged):
    generate(SMALL, tmp_path / "landing", tmp_path / "truth", silent)
    before = digests(tmp_path)
    (tmp_path / damaged).unlink()
    assert not generate(SMALL, tmp_path / "landing", tmp_path / "truth", silent).reused
    assert digests(tmp_path) == before


def test_another_plan_replaces_what_this_generator_wrote(tmp_path):
    generate(SMALL, tmp_path / "landing", tmp_path / "truth", silent)
    shorter = DemoPlan(entreprises=20, annees=1, last_batch="2608", monthly_deliveries=1)
    generate(shorter, tmp_path / "landing", tmp_path / "truth", silent)
    assert sorted(path.name for path in (tmp_path / "landing").iterdir()) == [".generated.json", "2607", "2608"]


@pytest.mark.parametrize("batch", ["2601", "2607", "2607_01"])
def test_deliveries_of_others_are_never_touched(tmp_path, batch):
    theirs = tmp_path / "landing" / batch / "sigfaible_pcoll.csv"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("Siret;Siren\n")
    with pytest.raises(ConfigurationError, match=batch) as error:
        generate(SMALL, tmp_path / "landing", tmp_path / "truth", silent)
    assert "\n" not in str(error.value)
    assert theirs.read_text() == "Siret;Siren\n"
    assert not (tmp_path / "truth").exists()


@pytest.mark.parametrize("place", ["landing", "landing/truth"])
def test_the_truth_stays_out_of_the_landing_folder(tmp_path, place):
    with pytest.raises(ConfigurationError, match="truth"):
        generate(SMALL, tmp_path / "landing", tmp_path / place, silent)


def test_a_killed_run_leaves_no_half_delivery_and_can_be_started_again(tmp_path, monkeypatch):
    landing, truth = tmp_path / "landing", tmp_path / "truth"
    with monkeypatch.context() as patched:
        patched.setattr(module, "draw_block", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            generate(SMALL, landing, truth, silent)
    assert [path.name for path in landing.iterdir() if not path.name.startswith(".")] == []
    generate(SMALL, landing, truth, silent)
    assert sorted(path.name for path in landing.iterdir()) == [".generated.json", "2607", "2608", "2609", "2610"]
    assert sorted(path.name for path in truth.iterdir()) == [
        "dirty.csv", "entreprises.csv", "totals.csv", "totals_money.csv",
    ]  # fmt: skip


def test_a_run_killed_while_publishing_can_be_started_again(tmp_path, monkeypatch):
    landing, truth = tmp_path / "landing", tmp_path / "truth"
    zone = module.LandingZone
    real = zone._remove

    def killed(self, batch):
        if batch == "2609":
            raise KeyboardInterrupt
        real(self, batch)

    with monkeypatch.context() as patched:
        patched.setattr(zone, "_remove", killed)
        with pytest.raises(KeyboardInterrupt):
            generate(SMALL, landing, truth, silent)
    assert json.loads((landing / ".generated.json").read_text())["complete"] is False
    assert not generate(SMALL, landing, truth, silent).reused
    assert len([path for path in landing.iterdir() if path.is_dir()]) == 4


def test_progress_and_summary(tmp_path):
    said = []
    summary = generate(DemoPlan(entreprises=501, annees=1), tmp_path / "landing", tmp_path / "truth", said.append)
    assert [line for line in said if "501 of 501" in line]
    assert len(summary.files) == 4 * 14
    assert summary.bytes == sum(path.stat().st_size for path in (tmp_path / "landing").glob("2*/*"))
    assert summary.seconds > 0


@pytest.mark.parametrize(
    ("key", "value"),
    [("entreprises", 0), ("annees", 0), ("last_batch", "2613"), ("last_batch", "202610"), ("monthly_deliveries", -1),
     ("dirty_share", 0.9), ("failure_rate", 0.0), ("seed", -1)],
)  # fmt: skip
def test_a_bad_plan_names_its_key(key, value):
    with pytest.raises(ConfigurationError, match=key):
        DemoPlan(**{key: value})


def test_a_single_delivery_of_a_single_company(new_demo, tmp_path):
    one = new_demo(DemoPlan(entreprises=1, annees=1, monthly_deliveries=0, last_batch="2601"), tmp_path)
    assert one.batches == ["2601"]
    assert len(one.truth_rows("entreprises.csv")) == 1
