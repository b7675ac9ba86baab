"""Signals: one record each, computed from the panels over calendar months."""
