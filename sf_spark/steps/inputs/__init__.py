"""What steps read for more than one purpose: editions, rules, rows to learn from, at the versions of a plan."""
