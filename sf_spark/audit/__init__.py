"""Check that a lake does not look ahead: compare its tables with what was known at each cut-off. Pure."""
