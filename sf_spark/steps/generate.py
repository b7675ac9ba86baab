"""Generated deliveries: landing/<batch>/ in the partners' layouts, and the truth behind them in truth/."""

import tempfile
from pathlib import Path

from sf_spark.demo import DemoPlan
from sf_spark.demo import generate as write_deliveries
from sf_spark.demo.files.landing import MARKER
from sf_spark.errors import ConfigurationError
from sf_spark.lake.places import is_remote, rooted
from sf_spark.lake.storage import check_writable, copy_files, entries, is_file, remove_folder
from sf_spark.settings import Settings
from sf_spark.steps import Report


def generate(settings: Settings, report: Report) -> int:
    """Write the deliveries; the same settings give the same bytes."""
    check_writable("landing", settings.landing)
    check_writable("truth", settings.truth)
    plan = DemoPlan(**settings.generate.model_dump())
    report(f"{plan.entreprises} companies, {plan.annees} years -> {settings.landing} (truth: {settings.truth})")
    places = (settings.landing, settings.truth)
    if not any(map(is_remote, places)):
        write_deliveries(plan, Path(rooted(settings.landing)), Path(rooted(settings.truth)), report)
        return 0
    _check_own(settings.landing)
    # Deliveries appear at once by renaming, which a store cannot do: they are generated locally, and copied.
    with tempfile.TemporaryDirectory(prefix="sf_spark-generate-") as folder:
        made = (Path(folder) / "landing", Path(folder) / "truth")
        write_deliveries(plan, made[0], made[1], report)
        for source, target in zip(made, places, strict=True):
            remove_folder(target)
            copy_files(str(source), target)
    return 0


def _check_own(landing: str) -> None:
    batches = sorted(entry.name for entry in entries(landing) if entry.is_folder)
    if batches and not is_file(f"{rooted(landing)}/{MARKER}"):
        raise ConfigurationError(
            f"demo: {landing} already holds deliveries that this generator did not write ({', '.join(batches)}); "
            "give an empty landing folder"
        )
