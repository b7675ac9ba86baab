"""Shared by the job tests: small deliveries of half of the partners' files."""

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs import generate
from sf_spark.settings import Settings

# They exercise every step in half the time.
_FILES = ("sigfaible_cotisdues", "sigfaible_debits", "sigfaible_effectif_si", "sigfaible_pcoll", "sireneUL", "Stock")


@pytest.fixture(scope="session")
def generate_some_sources() -> Callable[[Settings], None]:
    """Generate deliveries, and remove the files of all other sources."""

    def generated(settings: Settings) -> None:
        generate.run(settings, argparse.Namespace(), lambda text: None)
        for file in [file for file in Path(settings.landing).rglob("*.*") if not file.name.startswith(_FILES)]:
            file.unlink()

    return generated
