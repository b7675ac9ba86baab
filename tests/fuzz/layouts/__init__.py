"""Every layout of every source; of a source, the newest first."""

from tests.fuzz.layouts import activite_partielle, financier, listes, sirene, urssaf
from tests.fuzz.layouts.layout import Fuzzed

LAYOUTS: tuple[Fuzzed, ...] = (
    *listes.LAYOUTS,
    *urssaf.LAYOUTS,
    *sirene.LAYOUTS,
    *activite_partielle.LAYOUTS,
    *financier.LAYOUTS,
)


def layouts_of(source: str) -> list[Fuzzed]:
    """The layouts of a source."""
    return [layout for layout in LAYOUTS if layout.source == source]


def sources() -> list[str]:
    """The sources, each once."""
    return list(dict.fromkeys(layout.source for layout in LAYOUTS))
