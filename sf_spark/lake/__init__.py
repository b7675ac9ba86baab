"""The lake: its tables, and the commits that change them."""
