"""Does a lake look ahead? Compares what it holds with what was known at each cut-off. Pure."""
