"""Whether data, scores and lists can still be trusted: drift, freshness, results of past lists."""
