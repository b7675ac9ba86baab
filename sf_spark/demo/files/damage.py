"""Damaged copies of good lines: a strict reader must refuse each of them, and none may look like another valid value.

A damaged copy is an extra line, so that the files stay complete. No damage opens a quote at the start of a field: that
would swallow the following lines.
"""

from typing import NamedTuple

import numpy as np

from sf_spark.demo.files import layouts
from sf_spark.demo.files.layouts import Layout

PROVISIONAL_KIND = "siret_provisoire"  # a line as delivered, whose SIRET holds letters
MISSING_FIELD, EXTRA_FIELD, BAD_IDENTIFIER = "champ_manquant", "champ_en_trop", "identifiant_avec_lettres"


class Damage(NamedTuple):
    """One way to spoil a line: put one of these values in that column."""

    kind: str
    column: int
    values: tuple[str, ...]


_BAD_PERIODS = ("2011T1", "20112", "AAAA10", "564a", "")
_BAD_AMOUNTS = ("12..50", "n/d", "#REF!")
_BAD_URSSAF_DATES = ("11A0203", "0000000", "1180151", "")

# (column of the identifier, damages of values); Sirene and headcounts get damages of structure and identifier only,
# because the historical reader keeps the good cells of a row that it rejects for a bad one.
_BY_FILE: dict[str, tuple[int, tuple[Damage, ...]]] = {
    layouts.COTISATION: (
        2, (Damage("periode", 4, _BAD_PERIODS), Damage("montant", 6, _BAD_AMOUNTS), Damage("montant", 7, _BAD_AMOUNTS)),
    ),
    layouts.DEBIT: (
        4,
        (
            Damage("periode", 8, _BAD_PERIODS), Damage("rang", 10, ("x1", "1.5.2")),
            Damage("date", 11, _BAD_URSSAF_DATES), Damage("montant_vide", 12, ("",)),
            Damage("montant", 12, _BAD_AMOUNTS), Damage("montant", 13, _BAD_AMOUNTS),
            Damage("guillemet", 15, ('2"', '1"3')), Damage("booleen", 16, ("2", "oui", "")),
        ),
    ),
    layouts.DELAI: (
        2,
        (
            Damage("date", 5, ("31/02/2024", "2024-05-01", "ab/cd/efgh")), Damage("date", 6, ("32/01/2025", "")),
            Damage("montant", 11, _BAD_AMOUNTS),
        ),
    ),
    layouts.CCSF: (2, (Damage("date", 4, _BAD_URSSAF_DATES),)),
    layouts.PROCOL: (0, (Damage("date", 2, ("32JAN2024", "12XXX2024", "2024-01-05", "")),)),
    layouts.EFFECTIF: (1, ()),
    layouts.EFFECTIF_ENT: (0, ()),
    layouts.APCONSO: (
        1,
        (
            Damage("heures", 2, ("n/d", "1.2.3")), Damage("montant", 3, _BAD_AMOUNTS),
            Damage("date", 5, ('"2024-13-01"', '"12-2024"', '""')),
        ),
    ),
    layouts.APDEMANDE: (
        1,
        (
            Damage("siret_vide", 1, ('""',)), Damage("date", 4, ('"2024-02-31"',)),
            Damage("date", 5, ('"2024-13-01"', '"31/12/2024"')), Damage("heures", 7, ("n/d", "1.2.3")),
        ),
    ),
    layouts.SIRENE: (0, ()),
    layouts.SIRENE_UL: (0, ()),
    layouts.SIRENE_HISTO: (
        2, (Damage("date", 4, ("2009-13-27", "27/05/2009")), Damage("booleen", 6, ("oui", "2", ""))),
    ),
    layouts.PAYDEX: (0, (Damage("jours", 1, ("n/d", "1.5")), Damage("date", 3, ("01/15/2019", "2019-01-15", "")))),
    layouts.RATIOS: (0, (Damage("date", 1, ("2024-02-31", "31/12/2024", "")),)),
}  # fmt: skip


def spoil(rng: np.random.Generator, layout: Layout, line: str) -> tuple[str, str]:
    """Return (kind of damage, damaged copy of the line)."""
    identifier, damages = _BY_FILE[layout.name]
    if '"' in line and layout.name in (layouts.SIRENE, layouts.SIRENE_UL):
        # A quoted field may hold the delimiter: only the end of such a line is safe to touch.
        return EXTRA_FIELD, f"{line}{layout.delimiter}x"
    choice = int(rng.integers(0, 3 + len(damages)))
    fields = line.split(layout.delimiter)
    if choice == 0:
        return MISSING_FIELD, layout.delimiter.join(fields[:-1])
    if choice == 1:
        return EXTRA_FIELD, f"{line}{layout.delimiter}x"
    if choice == 2:
        fields[identifier] = _with_letters(fields[identifier])
        return BAD_IDENTIFIER, layout.delimiter.join(fields)
    damage = damages[choice - 3]
    fields[damage.column] = damage.values[int(rng.integers(0, len(damage.values)))]
    return damage.kind, layout.delimiter.join(fields)


def _with_letters(identifier: str) -> str:
    middle = len(identifier) // 2
    return f"{identifier[:middle]}XY{identifier[middle + 2 :]}"
