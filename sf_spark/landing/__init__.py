"""Delivered files: found, split into ranges, scanned into records, typed, rejected line by line; Arrow in workers."""
