"""The report: a folder of pages for one clearance."""
