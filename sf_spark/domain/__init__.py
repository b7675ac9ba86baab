"""What the State defines, once: dates, nomenclatures, proceedings, accounts; data, and Columns over it."""
