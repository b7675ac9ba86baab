"""The variables of the former system, under their names and on its clock, for comparison. Pure and lazy."""
