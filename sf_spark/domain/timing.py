"""When facts count as known: the cut-off day, and how long after its date a fact is published."""

from datetime import date

CUTOFF_DAY = 20  # URSSAF: paid by the 15th, a small delay is tolerated, what is unpaid on the 20th is a debt

# Registers do not date their attributes: in a first delivery they count as known since the unit was created, and where
# that is unknown, or where there is no date at all, from here on.
BEFORE_ALL = date(1900, 1, 1)

BILANS_DELAY_MONTHS = 7  # after the closing day: the legal delay of deposit, and the time to enter the accounts
EFFECTIF_DELAY_MONTHS = 4  # after the month counted: URSSAF's usual publication delay
