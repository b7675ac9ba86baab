"""What the State defines, once: nomenclatures, proceedings, accounts. Plain data, and Column functions over it."""
