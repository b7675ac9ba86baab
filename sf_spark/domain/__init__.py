"""Facts of the domain that several packages need: constants and plain Python, without Spark or Polars."""
