"""Delivered files: find them, split them into ranges, scan and type records, reject bad lines. Arrow in workers."""
