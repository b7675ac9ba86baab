"""The delivered files of each partner, month by month, and the truth beside them."""
