"""Judgments of the BODACC: what each announcement decides, with accents whole, broken or missing."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from sf_spark.domain.judgments import judgment
from sf_spark.domain.proceedings import judgment_events

L, R, S = "liquidation", "redressement", "sauvegarde"
PLAIN: dict[str | None, tuple[str | None, str]] = {
    "Jugement d'ouverture de liquidation judiciaire": (L, "ouverture"),
    "Jugement d'ouverture d'une procédure de redressement judiciaire": (R, "ouverture"),
    "Jugement d’ouverture d’une procédure de sauvegarde": (S, "ouverture"),
    "Jugement d'ouverture d'une procédure de sauvegarde financière accélérée": (S, "ouverture"),
    "Jugement d'extension de liquidation judiciaire": (L, "ouverture"),
    "Jugement de reprise de la procédure de liquidation judiciaire après clôture": (L, "ouverture"),
    "Liquidation judiciaire simplifiée": (L, "ouverture"),
    "Jugement prononçant la liquidation judiciaire avec maintien de l'activité": (L, "ouverture"),
    "Jugement d'ouverture de redressement judiciaire, désignant mandataire judiciaire Me X": (R, "ouverture"),
    # The last measure pronounced counts.
    "Jugement prononçant la résolution du plan de redressement et la liquidation judiciaire": (L, "ouverture"),
    "Jugement prononçant la résolution du plan de sauvegarde et la liquidation judiciaire": (L, "ouverture"),
    "Jugement prononçant la résolution du plan de sauvegarde et le redressement judiciaire": (R, "ouverture"),
    "Jugement de résolution du plan de redressement et de liquidation judiciaire": (L, "ouverture"),
    "Jugement de résolution du plan et d'ouverture d'une procédure de liquidation judiciaire": (L, "ouverture"),
    "Jugement de liquidation judiciaire sur résolution du plan de redressement": (L, "ouverture"),
    "Jugement mettant fin à la période d'observation et prononçant la liquidation judiciaire": (L, "ouverture"),
    "Jugement rejetant le plan de redressement et prononçant la liquidation judiciaire": (L, "ouverture"),
    "Jugement prononçant la liquidation judiciaire, en l'absence de plan de redressement": (L, "ouverture"),
    "Jugement de clôture de la procédure de redressement et ouverture d'une liquidation judiciaire": (L, "ouverture"),
    "Arrêt infirmant la liquidation judiciaire et ouvrant une procédure de redressement judiciaire": (R, "ouverture"),
    "Jugement arrêtant le plan de sauvegarde et mettant fin à la période d'observation": (S, "plan"),
    "Jugement de clôture pour insuffisance d'actif et interdiction de gérer": (None, "cloture"),
    "Jugement de conversion en redressement judiciaire de la procédure de sauvegarde": (R, "conversion"),
    "Jugement de conversion en liquidation judiciaire": (L, "conversion"),
    "Jugement prononçant la conversion du redressement judiciaire en une procédure de liquidation judiciaire": (
        *(L, "conversion"),
    ),
    "Jugement arrêtant le plan de redressement": (R, "plan"),
    "Jugement de plan de continuation": (R, "plan"),
    "Jugement de clôture pour insuffisance d'actif": (None, "cloture"),
    "Jugement de clôture pour extinction du passif": (None, "cloture"),
    "Jugement prononçant la clôture de la liquidation judiciaire pour insuffisance d'actif": (L, "cloture"),
    "Jugement de clôture des procédures de redressement et de liquidation judiciaires": (None, "cloture"),
    "Jugement mettant fin à la procédure de redressement judiciaire": (R, "cloture"),
    "Jugement prononçant la résolution du plan de redressement": (R, "cloture"),
    "Jugement constatant l'achèvement du plan de redressement": (R, "cloture"),
    "Arrêt infirmant le jugement d'ouverture de redressement judiciaire": (R, "cloture"),
    "Rétractation du jugement d'ouverture de liquidation judiciaire": (L, "cloture"),
    # Nothing is decided about a proceeding.
    "Annulation du jugement de clôture de la liquidation judiciaire": (None, "autre"),
    "Arrêt de la cour d'appel infirmant une décision soumise à publicité": (None, "autre"),
    "Jugement arrêtant le plan de cession": (None, "autre"),
    "Jugement modifiant le plan de redressement": (None, "autre"),
    "Jugement rejetant la demande d'ouverture de liquidation judiciaire": (None, "autre"),
    "Jugement rejetant la demande de résolution du plan de redressement": (None, "autre"),
    "Dépôt de l'état des créances de la liquidation judiciaire": (None, "autre"),
    "Jugement de prolongation de la période d'observation du redressement judiciaire": (None, "autre"),
    "Jugement décidant de ne plus faire application des règles de la liquidation judiciaire simplifiée": (
        *(None, "autre"),
    ),
    "Jugement d'ouverture d'une procédure de rétablissement professionnel": (None, "autre"),
    "Jugement homologuant l'accord de conciliation": (None, "autre"),
    "Dissolution et liquidation amiable": (None, "autre"),
    "Jugement prononçant l'interdiction de gérer": (None, "autre"),
    "": (None, "autre"),
    None: (None, "autre"),
}
DAMAGE = {
    "as published": lambda text: text,
    "read as Latin 1": lambda text: text.encode("utf-8").decode("latin-1"),
    "read as Windows 1252": lambda text: text.encode("utf-8").decode("cp1252", errors="replace"),
    "undecodable": lambda text: text.encode("latin-1", errors="replace").decode("ascii", errors="replace"),
    "accents dropped": lambda text: text.encode("ascii", errors="ignore").decode("ascii"),
    "accents blank": lambda text: "".join(c if c.isascii() else " " for c in text),
    "upper case": lambda text: text.upper(),
    "wide blanks": lambda text: text.replace(" ", "\u00a0 "),
}


@pytest.fixture(scope="module")
def decided(spark: SparkSession) -> dict[tuple[str, str | None], tuple[str | None, str]]:
    """What each announcement decides, under each damage."""
    rows = [(kind, text, None if text is None else harm(text)) for kind, harm in DAMAGE.items() for text in PLAIN]
    frame = spark.createDataFrame(rows, "kind string, text string, nature string").coalesce(1)
    found = frame.select("kind", "text", judgment(F.col("nature")).alias("j")).collect()
    return {(row["kind"], row["text"]): tuple(row["j"]) for row in found}


@pytest.mark.parametrize("kind", DAMAGE)
def test_an_announcement_means_the_same_whatever_became_of_its_accents(decided: dict, kind: str) -> None:
    wrong = {text: decided[kind, text] for text, expected in PLAIN.items() if decided[kind, text] != expected}
    assert wrong == {}


def test_the_table_of_the_module_holds(spark: SparkSession) -> None:
    source = Path(__file__).parents[3] / "sf_spark" / "domain" / "judgments.py"
    rows, pending = [], ""
    for line in source.read_text(encoding="utf-8").split("stade\n")[1].split("\n\n")[0].splitlines():
        cells = [
            cell for cell in (f"{pending}  {line.strip()}" if pending else line.strip()).split("  ") if cell.strip()
        ]
        pending = "" if len(cells) >= 3 else line.strip()
        if not pending:
            *text, action, stage = (cell.strip() for cell in cells)
            rows.append((" ".join(text), None if action == "-" else action, stage))
    assert len(rows) == 16
    frame = spark.createDataFrame(rows, "nature string, action string, stade string").coalesce(1)
    for row in frame.select("*", judgment(F.col("nature")).alias("j")).collect():
        assert (row["nature"], *row["j"]) == (row["nature"], row["action"], row["stade"])


def test_what_opens_a_graver_proceeding_ends_the_others(spark: SparkSession) -> None:
    natures = {
        "a": "Jugement d'ouverture de liquidation judiciaire",
        "b": "Jugement d'ouverture d'une procédure de sauvegarde",
        "c": "Jugement de clôture pour extinction du passif",
        "d": "Jugement arrêtant le plan de redressement",
        "e": "Dépôt de l'état des créances",
    }
    schema = "siren string, date_jugement date, nature string, known_on date, superseded_on date"
    rows = [(siren, None, nature, None, None) for siren, nature in natures.items()]
    found: dict[str, set[tuple]] = {}
    for row in judgment_events(spark.createDataFrame(rows, schema)).collect():
        found.setdefault(row["siren"], set()).add((row["action"], row["stade"], row["rang"], row["source_procedure"]))
    source = "procedures"
    included = "inclusion_autre_procedure"
    assert found == {
        "a": {(L, "ouverture", 1, source), (R, included, 3, source), (S, included, 3, source)},
        "b": {(S, "ouverture", 1, source)},
        "c": {(name, "fin_procedure", 3, source) for name in (L, R, S)},
        "d": {(R, "plan_continuation", 2, source)},
    }
