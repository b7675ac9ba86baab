"""How far data, scores and lists can still be trusted: drift, freshness, what past lists found."""
