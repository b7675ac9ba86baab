"""When facts count as known: URSSAF's day, the day of a delivery, and how long after its date a fact is published.

The cut-off day of a table is a setting (``cutoff_day``), always passed to functions and never a default: one forgotten
argument would date half of a table by another day.
"""

from datetime import date

URSSAF_DAY = 20  # due on the 15th, with a small tolerance; what is unpaid on the 20th is a debt
DELIVERY_DAY = (
    URSSAF_DAY  # a delivery counts as known on this day, whatever the cut-off: staged tables do not depend on it
)

# Registers do not date their attributes: in a first delivery they count as known from the creation of the unit, or from
# this day if it is unknown.
BEFORE_ALL = date(1900, 1, 1)

BILANS_DELAY_MONTHS = 7  # after the closing day: the legal delay of deposit, and the time to enter the accounts
EFFECTIF_DELAY_MONTHS = 4  # after the month counted: URSSAF's usual publication delay
