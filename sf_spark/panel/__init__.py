"""From staged facts to one row a month: what was known of an establishment or a company on each cut-off."""
