"""The model card: a page that says what a model is for, how good it is, and what it must not be used for."""

import math
from collections.abc import Mapping
from pathlib import Path
from string import Template

from sf_spark import __version__
from sf_spark.domain.calendar import start_of
from sf_spark.ml.dataset import Dataset
from sf_spark.ml.evaluate import Evaluation
from sf_spark.ml.fit import Fitted, LearningTask
from sf_spark.settings import PROJECT_ROOT

TEMPLATE = PROJECT_ROOT / "mlflow" / "model-card.md.tmpl"
_ROWS = {
    "companies": "Entreprises jugées",
    "failing_companies": "— dont défaillantes dans l'horizon",
    "rows": "Lignes (entreprise, mois) de test",
    "base_rate": "Taux de base",
    "average_precision": "Précision moyenne",
    "roc_auc": "Aire sous la courbe ROC",
    "brier": "Score de Brier",
    "calibration_error": "Erreur de calibration",
    "precision_at_100": "Précision des 100 premières entreprises du mois",
    "precision_at_500": "Précision des 500 premières entreprises du mois",
    "precision_at_1000": "Précision des 1 000 premières entreprises du mois",
    "recall_at_500": "Rappel des 500 premières entreprises du mois",
    "lift_at_500": "Gain sur le hasard des 500 premières",
    "lead_time_months": "Avance médiane sur l'ouverture (mois)",
    "precision_fort": "Précision, niveau fort",
    "recall_fort": "Rappel, niveau fort",
    "precision_modere": "Précision, niveau modéré et au-delà",
    "recall_modere": "Rappel, niveau modéré et au-delà",
}
_CALIBRATIONS = {"platt": "courbe logistique (Platt)", "beta": "courbe bêta", "isotonic": "courbe isotone"}
_INNER = {"inner origin": "une origine intérieure", "company folds": "des groupes d'entreprises disjoints"}


def write_card(
    task: LearningTask,
    data: Dataset,
    fitted: Fitted,
    evaluation: Evaluation,
    versions: Mapping[str, int],
    template: Path = TEMPLATE,
) -> str:
    """Fill the template (Markdown, in French)."""
    horizon, train = task.horizon, task.train
    failing = data.where(data.ahead <= horizon)
    return Template(template.read_text(encoding="utf-8")).substitute(
        name=task.definition.name,
        description=task.definition.description,
        code=__version__,
        horizon=horizon,
        signals=len(data.signals),
        rows=len(data),
        companies=data.companies(),
        failures=failing.companies(),
        first=f"{start_of(int(data.month.min())):%Y-%m}",
        last=f"{start_of(int(data.month.max())):%Y-%m}",
        tables="\n".join(f"| `{path}` | {version} |" for path, version in versions.items()),
        origins=", ".join(evaluation.by_origin),
        test_months=train.test_months,
        figures="\n".join(
            _line(label, key, evaluation.pooled) for key, label in _ROWS.items() if key in evaluation.pooled
        ),
        calibration=_CALIBRATIONS[fitted.model.calibration],
        inner=_INNER[fitted.inner_protocol],
        fort=_number(fitted.thresholds.fort),
        modere=_number(fitted.thresholds.modere),
        modere_rule=f"{train.capacity} entreprises par mois au plus" if train.modere == "capacity" else "meilleur F2",
    )


def _line(label: str, key: str, figures: Mapping[str, float]) -> str:
    low, high = figures.get(f"{key}_low"), figures.get(f"{key}_high")
    interval = "" if low is None or high is None else f" [{_number(low)} ; {_number(high)}]"
    return f"| {label} | {_number(figures[key])}{interval} |"


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "aucune"  # a cut-off that no company reaches
    return f"{value:.0f}" if value == int(value) and value > 1 else f"{value:.4f}".replace(".", ",")
