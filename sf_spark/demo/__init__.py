"""A generator of synthetic deliveries: the files that administrations send, with their truth planted beside them."""

from sf_spark.demo.deliveries import GenerationSummary, generate
from sf_spark.demo.world.plan import DemoPlan

__all__ = ["DemoPlan", "GenerationSummary", "generate"]
