"""Taking batches in: what a delivery changes of the facts in force, and the tables that remember it."""
