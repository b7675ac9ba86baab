"""When facts count as known: URSSAF's day, the day of a delivery, and how long after its date a fact is published.

The day on which a table is cut off is a setting (``cutoff_day``) that functions are given, and never their default:
one forgotten argument would date half of a table by another day.
"""

from datetime import date

URSSAF_DAY = 20  # paid by the 15th, a small delay is tolerated, what is unpaid on the 20th is a debt
DELIVERY_DAY = (
    URSSAF_DAY  # on which a delivery counts as known, whatever the cut-off: staged tables do not depend on it
)

# Registers do not date their attributes: in a first delivery they count as known since the unit was created, and where
# that is unknown, or where there is no date at all, from here on.
BEFORE_ALL = date(1900, 1, 1)

BILANS_DELAY_MONTHS = 7  # after the closing day: the legal delay of deposit, and the time to enter the accounts
EFFECTIF_DELAY_MONTHS = 4  # after the month counted: URSSAF's usual publication delay
