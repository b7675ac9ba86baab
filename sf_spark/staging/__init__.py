"""Take batches in: what a delivery changes among the facts in force, and the tables that record it."""
