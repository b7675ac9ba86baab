"""Territories under their former name, for modules that still ask for them here."""

from sf_spark.domain.territories import *  # noqa: F403
