"""What the data is worth: reports on it, as DataFrames. Pure and lazy."""
