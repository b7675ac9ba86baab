"""Targets: what is to be predicted, and from when it is known."""
