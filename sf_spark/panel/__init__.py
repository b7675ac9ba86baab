"""From staged facts to one row a month: facts known about an establishment or a company on each cut-off."""
