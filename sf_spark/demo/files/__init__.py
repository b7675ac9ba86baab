"""How it is delivered: each partner's file as it would have come month after month, and the truth beside it."""
