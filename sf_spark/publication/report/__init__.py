"""The report: a folder of pages for one clearance, in French, that opens without a network. See :mod:`.pages`."""
