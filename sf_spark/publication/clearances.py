"""Clearances: the territory that a service may see, and its rights. Plain data, and Columns over it.

A company belongs to the department of its present head office, and every service whose territory holds that department
sees it. Rights open further columns:

    right               what it opens
    scores              level, rank, score, status, reasons, points
    urssaf              contributions, debts, payment plans, and the reasons and points about them
    activite_partielle  short-time work, and the reasons and points about it
    banque_de_france    accounts and ratios, and the reasons and points about them

An overseas collectivity (975, 977, 978) belongs to no region; only ``France entière`` sees a company of unknown place.
Source of the territories and rights: the services' own application.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from sf_spark.domain.territories import (
    OVERSEAS_GROUPS,
    departments,
    departments_of_former_regions,
    departments_of_regions,
)
from sf_spark.errors import ConfigurationError

SCORES, URSSAF, SHORT_TIME, ACCOUNTS = RIGHTS = ("scores", "urssaf", "activite_partielle", "banque_de_france")
WHOLE_COUNTRY = "France entière"

# The keys that define a territory, and the places allowed for each.
_PLACES: Mapping[str, Mapping[str, Iterable[str]]] = {
    "departements": {code: (code,) for code in departments()},
    "regions": departments_of_regions(),
    "anciennes_regions": departments_of_former_regions(),
    "groupes": OVERSEAS_GROUPS,
}
_NAME = "(?!log$)[a-z0-9_]+"  # also the name of a folder of exports, beside exports/log
_KEYS = ("libelle", "segment", "droits", "france_entiere", *_PLACES)


@dataclass(frozen=True)
class Clearance:
    """The clearance of a service or an agent.

    Attributes:
        name: Name of the service in arguments.
        label: Its title, in French.
        segment: Its administration; '' if unknown.
        territory: The name of its territory, in French.
        departements: The codes of its departments; None: all of France, companies of unknown place included.
        rights: Some of :data:`RIGHTS`.
    """

    name: str
    label: str
    segment: str
    territory: str
    departements: frozenset[str] | None
    rights: frozenset[str]

    def may(self, *rights: str) -> bool:
        """Whether it has all of these rights."""
        return self.rights.issuperset(rights)

    def sees(self, departement: Column) -> Column:
        """Whether a department is in the territory; an unknown one is only in ``France entière``."""
        if self.departements is None:
            return F.lit(True)
        return F.coalesce(departement.isin(*sorted(self.departements)), F.lit(False))


def clearances_from(content: Any, place: str) -> dict[str, Clearance]:
    """The clearances of a file, by name.

    Args:
        content: ``habilitations`` to, for each service, ``libelle``, ``segment``, ``droits`` and its territory:
            ``departements``, ``regions`` (of today), ``anciennes_regions`` (of before 2016) and ``groupes`` (overseas)
            together, or ``france_entiere: true``.
        place: Path of the file, for errors.

    Raises:
        ConfigurationError: For an unknown key, right or place, and for a service without a territory.
    """
    services = content.get("habilitations") if isinstance(content, Mapping) else None
    if not isinstance(services, Mapping) or set(content) != {"habilitations"}:
        raise ConfigurationError(f"{place}: expected one key 'habilitations' with a mapping of services")
    for name in services:
        if not re.fullmatch(_NAME, str(name)):
            raise ConfigurationError(f"{place}: the name '{name}' is not made of a-z, 0-9 and _, or is 'log'")
    return {str(name): _clearance(str(name), record, place) for name, record in services.items()}


def clearance_of(name: str, known: Mapping[str, Clearance], place: str) -> Clearance:
    """The clearance of a service.

    Raises:
        ConfigurationError: When it has none, and so may see nothing.
    """
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise ConfigurationError(f"service '{name}' has no clearance in {place}, so nothing is written{hint}")
    return known[name]


def _clearance(name: str, record: object, place: str) -> Clearance:
    where = f"{place}: {name}"
    if not isinstance(record, Mapping):
        raise ConfigurationError(f"{where}: expected a mapping of {', '.join(_KEYS)}")
    _check(where, "key", record, _KEYS)
    rights = _texts(where, "droits", record.get("droits", []))
    _check(where, "right", rights, RIGHTS)
    named = {key: _texts(where, key, record.get(key, [])) for key in _PLACES}
    whole = record.get("france_entiere", False)
    if not isinstance(whole, bool):
        raise ConfigurationError(f"{where}: france_entiere is true or false, not {whole!r}")
    if whole == any(named.values()):
        what = "both places and france_entiere" if whole else "no territory"
        raise ConfigurationError(f"{where} has {what}: name {', '.join(_PLACES)}, or set france_entiere: true")
    for key, places in named.items():
        _check(where, key, places, _PLACES[key])
    found = frozenset(code for key, places in named.items() for one in places for code in _PLACES[key][one])
    territory = WHOLE_COUNTRY if whole else ", ".join(one for places in named.values() for one in places)
    label, segment = str(record.get("libelle", name)), str(record.get("segment", ""))
    return Clearance(name, label, segment, territory, None if whole else found, frozenset(rights))


def _texts(where: str, key: str, given: object) -> Sequence[str]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        # 01 without quotes is the number 1, and 2A is not: a department is a text.
        raise ConfigurationError(f'{where}: {key} is a list of texts in quotes, as ["01", "2A"], not {given!r}')
    return given


def _check(where: str, what: str, given: Iterable[str], known: Iterable[str]) -> None:
    for one in given:
        if one not in known:
            close = difflib.get_close_matches(str(one), known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(sorted(known)[:12])}"
            raise ConfigurationError(f"{where}: unknown {what} '{one}': {hint}")
