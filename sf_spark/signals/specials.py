"""Signals that no operator makes: ratios of different measures, counts, silence, the sector."""

from sf_spark.signals.expression import (
    Above,
    AtMost,
    Growth,
    Lag,
    Measure,
    Minus,
    Missing,
    Node,
    Over,
    Ratio,
    SectorMean,
    Since,
    Streak,
)
from sf_spark.signals.record import Signal, Theme

_DETTE, _COTISATION, _EFFECTIF = Measure("dette"), Measure("cotisation"), Measure("effectif")
_MEAN_COTISATION = Over("mean", _COTISATION, 12)
_IN_DEBT = Above(_DETTE, 0)
_EFFECTIF_CHANGE = Growth(_EFFECTIF, Lag(_EFFECTIF, 12))
_FEW = "null sans activité connue, ou si moins de 20 entreprises du secteur sont connues"


def _debts() -> list[Signal]:
    monthly = "null si les cotisations des 12 derniers mois ne sont pas toutes connues, ou leur moyenne est 0"
    shares: list[tuple[str, str, Node]] = [
        ("dette", "dette URSSAF", _DETTE),
        ("dette_mean6m", "dette URSSAF moyenne sur 6 mois", Over("mean", _DETTE, 6)),
        ("dette_max12m", "dette URSSAF maximale sur 12 mois", Over("max", _DETTE, 12)),
        ("dette_diff3m", "variation de la dette URSSAF sur 3 mois", Minus(_DETTE, Lag(_DETTE, 3))),
        ("montant_part_ouvriere", "dette URSSAF, part des salariés,", Measure("montant_part_ouvriere")),
    ]
    return [
        *(
            _debt(
                f"{name}_sur_cotisation_mean12m",
                f"{text} rapportée à un mois moyen de cotisations",
                "ratio",
                monthly,
                Ratio(node, _MEAN_COTISATION),
            )
            for name, text, node in shares
        ),
        *(
            _debt(
                f"nb_mois_dette_{n}m",
                f"nombre de mois avec une dette URSSAF sur {n} mois",
                "mois",
                f"null sans {n} mois d'historique",
                Over("sum", _IN_DEBT, n),
            )
            for n in (3, 6, 12, 24)
        ),
        _debt(
            "nb_mois_dette_consecutifs",
            "nombre de mois consécutifs avec une dette URSSAF (24 au plus)",
            "mois",
            "jamais null : 0 sans dette connue",
            Streak(_IN_DEBT, 24),
        ),
        _debt(
            "mois_depuis_dette",
            "mois écoulés depuis la dernière dette URSSAF",
            "mois",
            "null sans dette dans les 24 derniers mois",
            Since(_IN_DEBT, 24),
        ),
        _debt(
            "nb_mois_sans_declaration",
            "nombre de mois consécutifs sans cotisation déclarée (12 au plus)",
            "mois",
            "jamais null",
            Streak(Missing(_COTISATION), 12),
            "cotisation",
        ),
        _debt(
            "dette_sur_effectif",
            "dette URSSAF par salarié",
            "EUR",
            "null sans effectif connu",
            Ratio(_DETTE, _EFFECTIF),
        ),
    ]


def _debt(name: str, text: str, unit: str, null_rule: str, node: Node, source: str = "debit") -> Signal:
    return Signal(name, text, unit, source, "dette_urssaf", "dettes", null_rule, node, core=True)


def _headcount() -> list[Signal]:
    theme: Theme = "effectif"
    return [
        Signal(
            "effectif_sur_max24m",
            "effectif rapporté à son maximum sur 24 mois",
            *("ratio", "effectif", theme, "effectifs", "null sans 24 mois d'effectifs connus"),
            Ratio(_EFFECTIF, Over("max", _EFFECTIF, 24)),
            core=True,
        ),
        Signal(
            "cotisation_mean12m_sur_effectif_mean12m",
            "cotisations mensuelles par salarié, moyenne sur 12 mois",
            *("EUR", "cotisation", theme, "effectifs"),
            "null si cotisations ou effectifs des 12 derniers mois ne sont pas tous connus",
            Ratio(_MEAN_COTISATION, Over("mean", _EFFECTIF, 12)),
            core=True,
        ),
        Signal(
            "apart_heures_consommees_sum3m_sur_effectif",
            "heures d'activité partielle consommées sur 3 mois, par salarié",
            *("heures", "apconso", "activite_partielle", "activite_partielle", "null sans effectif connu"),
            Ratio(Over("sum", Measure("apart_heures_consommees"), 3), _EFFECTIF),
            core=True,
        ),
    ]


def _sector() -> list[Signal]:
    mean = SectorMean(AtMost(_EFFECTIF_CHANGE, 1.0))  # one company that grows from 1 to 50 must not dominate
    codes = {
        "secteur_division": "division d'activité (NAF, 2 chiffres)",
        "secteur_section": "section d'activité (NAF, A = 1)",
    }
    return [
        *(_code(name, text, "null sans activité connue", "secteur") for name, text in codes.items()),
        _code(
            "est_personne_physique",
            "entreprise individuelle (catégorie juridique 1xxx)",
            "null si la catégorie juridique est inconnue",
            "demographie",
        ),
        _of_sector(
            "secteur_part_endettee",
            "part des entreprises du secteur avec une dette URSSAF",
            SectorMean(_IN_DEBT),
            "debit",
        ),
        _of_sector(
            "secteur_effectif_change12m",
            "variation relative moyenne de l'effectif du secteur sur 12 mois",
            mean,
            "effectif_ent",
        ),
        _of_sector(
            "ecart_secteur_effectif_change12m",
            "variation de l'effectif sur 12 mois, écart à la moyenne du secteur",
            Minus(_EFFECTIF_CHANGE, mean),
            "effectif_ent",
        ),
    ]


def _code(name: str, text: str, null_rule: str, theme: Theme) -> Signal:
    return Signal(name, text, "code", "sirene_ul", theme, "secteur", null_rule, Measure(name), True, True)


def _of_sector(name: str, text: str, node: Node, source: str) -> Signal:
    return Signal(name, text, "ratio", source, "secteur", "secteur", _FEW, node, True, True)


SPECIALS: tuple[Signal, ...] = (*_debts(), *_headcount(), *_sector())
# One value a month for all companies of a sector.
SECTOR_FIGURES = frozenset(signal.name for signal in SPECIALS if isinstance(signal.expression, SectorMean))
