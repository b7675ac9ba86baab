"""The calendar under its former name, for modules that still ask for it here."""

from sf_spark.domain.calendar import *  # noqa: F403
