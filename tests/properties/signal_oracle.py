"""A slow, independent version of every signal: from its name alone, over whole windows, in pandas and NumPy."""

import re
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pandas as pd

from tests.properties.signal_frames import COLUMNS, FIRST, LAST

FEWEST = 20
Wide: TypeAlias = pd.DataFrame
_STATISTICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean": lambda w: w.mean(axis=-1),
    "sum": lambda w: w.sum(axis=-1),
    "max": lambda w: w.max(axis=-1),
    "min": lambda w: w.min(axis=-1),
    "std": lambda w: w.std(axis=-1, ddof=1),
    "part": lambda w: np.where(np.isnan(w), np.nan, w > 0).mean(axis=-1),
    "slope": lambda w: _slope(w),
}
_MEASURE = "|".join(sorted(COLUMNS, key=len, reverse=True))
_EDGES = np.array([s * 10.0**p for p in range(-2, 8) for s in (1, 1.6, 2.5, 4, 6.3)])
_EDGES = np.concatenate([-_EDGES[::-1], [0.0], _EDGES])


class Oracle:
    """The signals of a panel; ``sites`` is the panel of the establishments of a panel of companies."""

    def __init__(self, panel: pd.DataFrame, key: str, sites: pd.DataFrame | None = None) -> None:
        self._months = range(FIRST - 40, LAST + 1)
        self._panel, self._key = panel, key
        self._has_row = self._pivot(panel.assign(_one=1.0), "_one").notna()
        self._sites = Oracle(sites, "siret") if sites is not None else None

    def signal(self, name: str) -> pd.Series:
        """Values by entity and month, for the rows that the panel has."""
        wide = self._wide(name).where(self._has_row)
        long = wide.stack(future_stack=True).swaplevel().sort_index()
        return long[self._has_row.stack().swaplevel().sort_index()]

    def _pivot(self, panel: pd.DataFrame, column: str) -> Wide:
        wide = panel.pivot(index="mois", columns=self._key, values=column).astype(float)
        return wide.reindex(self._months)

    def _measure(self, name: str) -> Wide:
        return self._pivot(self._panel, name)

    def _like(self, values: np.ndarray) -> Wide:
        return pd.DataFrame(values, index=self._has_row.index, columns=self._has_row.columns)

    def _windows(self, values: Wide, n: int) -> np.ndarray:
        padded = np.concatenate([np.full((n - 1, values.shape[1]), np.nan), values.to_numpy()])
        return np.lib.stride_tricks.sliding_window_view(padded, n, axis=0)

    def _wide(self, name: str) -> Wide:
        if name in COLUMNS:
            return self._measure(name)
        if name in _SPECIAL:
            return _SPECIAL[name](self)
        for pattern, rule in _RULES:
            if found := re.fullmatch(pattern.format(m=f"(?P<m>{_MEASURE})"), name):
                return rule(self, **found.groupdict())
        raise AssertionError(f"no oracle can read the name {name}")

    def over(self, m: str, what: str, n: str) -> Wide:
        return self._like(_STATISTICS[what](self._windows(self._measure(m), int(n))))

    def shifted(self, m: str, what: str, n: str) -> Wide:
        now = self._measure(m)
        before = now.shift(int(n))
        if what == "lag":
            return before
        return now - before if what == "diff" else (now / before - 1).where(before > 0)

    def known(self, m: str, what: str, n: str) -> Wide:
        windows = self._windows(self._measure(m), int(n))
        ordered = windows if what == "first" else windows[..., ::-1]
        place = (~np.isnan(ordered)).argmax(axis=-1)
        return self._like(np.take_along_axis(ordered, place[..., None], axis=-1)[..., 0])

    def streak(self, met: Wide, n: int) -> Wide:
        windows = self._windows(met.astype(float), n)[..., ::-1] == 1
        return self._like(np.cumprod(windows, axis=-1).sum(axis=-1).astype(float))

    def since(self, met: Wide, n: int) -> Wide:
        windows = self._windows(met.astype(float), n)[..., ::-1] == 1
        return self._like(np.where(windows.any(axis=-1), windows.argmax(axis=-1), np.nan))

    def ratio(self, over: Wide, by: Wide) -> Wide:
        return (over / by).where(by > 0)

    def count_of_debts(self, n: int) -> Wide:
        return self._like(np.where(np.isnan(w := self._windows(self._measure("dette"), n)), np.nan, w > 0).sum(axis=-1))

    def sector(self, by_size: bool) -> Wide:
        section, staff = self._measure("secteur_section"), self._measure("effectif")
        sizes = sum((staff >= start).astype(int) for start in (20, 50, 250))
        return (section * 4 + sizes).where(section.notna() & staff.notna()) if by_size else section * 4

    def sector_mean(self, values: Wide) -> Wide:
        return self._by_group(values, self.sector(by_size=False), lambda known: pd.Series(known.mean(), known.index))

    def sector_rank(self, values: Wide) -> Wide:
        brackets = self._like(np.searchsorted(_EDGES, values.to_numpy(), side="right").astype(float)).where(
            values.notna()
        )
        return self._by_group(brackets, self.sector(by_size=True), lambda k: (k.rank(method="average") - 0.5) / len(k))

    def _by_group(self, values: Wide, groups: Wide, rule: Callable[[pd.Series], pd.Series]) -> Wide:
        """A rule over the entities of each group and month with a known value; a mean applies to the whole group."""
        found = self._like(np.full(values.shape, np.nan))
        for month in values.index:
            for group in groups.loc[month].dropna().unique():
                members = groups.columns[groups.loc[month] == group]
                known = values.loc[month, members].dropna()
                if len(known) >= FEWEST:
                    result = rule(known)
                    one = result.nunique() == 1 and rule is not None and len(result) < len(members)
                    found.loc[month, members] = result.iloc[0] if one else result.reindex(members)
        return found

    def of_sites(self, values: Wide, how: str) -> Wide:
        owners = pd.Index([str(siret)[:9] for siret in values.columns]).astype(int)
        rolled = values.T.groupby(owners).agg(how).T
        return rolled.reindex(columns=self._has_row.columns)


def _slope(windows: np.ndarray) -> np.ndarray:
    n = windows.shape[-1]
    ranks = np.arange(n) - (n - 1) / 2
    return ((windows - windows.mean(axis=-1, keepdims=True)) * ranks).sum(axis=-1) / (ranks**2).sum()


def _site_change(o: Oracle, m: str, n: str) -> Wide:
    assert o._sites is not None
    return o.of_sites(o._sites.shifted(m, "change", n), "min")


def _share_of_sites(o: Oracle, m: str, n: str) -> Wide:
    assert o._sites is not None
    highest = o._sites.over(m, "max", n)
    return o.of_sites((highest > 0).astype(float).where(highest.notna()), "mean")


def _quotient(o: Oracle, over: str, by: str) -> Wide:
    return o.ratio(o._wide(over), o._wide(by))


_RULES: list[tuple[str, Callable[..., Wide]]] = [
    (r"{m}_(?P<what>mean|sum|max|min|std|part|slope)(?P<n>\d+)m", Oracle.over),
    (r"{m}_(?P<what>lag|diff|change)(?P<n>\d+)m", Oracle.shifted),
    (r"{m}_(?P<what>first|last)(?P<n>\d+)m", Oracle.known),
    (r"{m}_serie(?P<n>\d+)m", lambda o, m, n: o.streak(o._measure(m) > 0, int(n))),
    (r"mois_depuis_{m}_(?P<n>\d+)m", lambda o, m, n: o.since(o._measure(m) > 0, int(n))),
    (r"{m}_rang_secteur", lambda o, m: o.sector_rank(o._measure(m))),
    (r"{m}_change(?P<n>\d+)m_rang_secteur", lambda o, m, n: o.sector_rank(o.shifted(m, "change", n))),
    (r"{m}_change(?P<n>\d+)m_min_etablissements", _site_change),
    (r"part_etablissements_{m}_max(?P<n>\d+)m", _share_of_sites),
    (
        r"{m}_mean(?P<a>\d+)m_sur_mean(?P<b>\d+)m",
        lambda o, m, a, b: o.ratio(o.over(m, "mean", a), o.over(m, "mean", b)),
    ),
    (r"nb_mois_dette_(?P<n>\d+)m", lambda o, n: o.count_of_debts(int(n))),
    (r"(?P<over>.+)_sur_(?P<by>.+)", _quotient),
]


def _growth(o: Oracle) -> Wide:
    return o.shifted("effectif", "change", "12")


_SPECIAL: dict[str, Callable[[Oracle], Wide]] = {
    "nb_mois_dette_consecutifs": lambda o: o.streak(o._measure("dette") > 0, 24),
    "nb_mois_sans_declaration": lambda o: o.streak(o._measure("cotisation").isna() & o._has_row, 12),
    "mois_depuis_dette": lambda o: o.since(o._measure("dette") > 0, 24),
    "effectif_sur_max24m": lambda o: o.ratio(o._measure("effectif"), o.over("effectif", "max", "24")),
    "secteur_part_endettee": lambda o: o.sector_mean(
        (o._measure("dette") > 0).astype(float).where(o._measure("dette").notna())
    ),
    "secteur_effectif_change12m": lambda o: o.sector_mean(_growth(o).clip(upper=1.0)),
    "ecart_secteur_effectif_change12m": lambda o: _growth(o) - o.sector_mean(_growth(o).clip(upper=1.0)),
}
