"""Every layout of every source, the newest first."""

from tests.fuzz.layouts import activite_partielle, financier, listes, sirene, suivis, urssaf
from tests.fuzz.layouts.layout import Fuzzed

# The layouts of each round: Spark would plan a batch of all for minutes.
GROUPS: tuple[tuple[Fuzzed, ...], ...] = (
    urssaf.OF_ACCOUNTS,
    (*sirene.LAYOUTS, *activite_partielle.LAYOUTS),
    (*urssaf.OTHERS, *listes.LAYOUTS, *suivis.LAYOUTS),
    financier.LAYOUTS,
)
LAYOUTS = tuple(layout for group in GROUPS for layout in group)


def layouts_of(source: str) -> list[Fuzzed]:
    """The layouts of a source."""
    return [layout for layout in LAYOUTS if layout.source == source]
