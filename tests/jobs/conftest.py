"""What the job tests share: small deliveries of half of the partners' files."""

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs import generate
from sf_spark.settings import Settings

# They go through every step as all of the files do, and cost half of the time.
_FILES = ("sigfaible_cotisdues", "sigfaible_debits", "sigfaible_effectif_si", "sigfaible_pcoll", "sireneUL", "Stock")


@pytest.fixture(scope="session")
def generate_some_sources() -> Callable[[Settings], None]:
    """Generates deliveries, and takes the files of all other sources out of them."""

    def generated(settings: Settings) -> None:
        generate.run(settings, argparse.Namespace(), lambda text: None)
        for file in [file for file in Path(settings.landing).rglob("*.*") if not file.name.startswith(_FILES)]:
            file.unlink()

    return generated
