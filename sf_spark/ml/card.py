"""The model card: a page that says what a model is for, how good it is, and what it must not be used for."""

from collections.abc import Mapping
from pathlib import Path
from string import Template

from sf_spark import __version__
from sf_spark.calendar import start_of
from sf_spark.ml.dataset import Dataset
from sf_spark.ml.evaluate import Evaluation
from sf_spark.ml.fit import Fitted
from sf_spark.ml.models import Definition
from sf_spark.settings import PROJECT_ROOT, TrainSettings

TEMPLATE = PROJECT_ROOT / "mlflow" / "model-card.md.tmpl"
_ROWS = {
    "rows": "Lignes (entreprise, mois) de test",
    "failures": "Défaillances à trouver",
    "base_rate": "Taux de base",
    "average_precision": "Précision moyenne",
    "average_precision_low": "— borne basse (90 %)",
    "average_precision_high": "— borne haute (90 %)",
    "roc_auc": "Aire sous la courbe ROC",
    "brier": "Score de Brier",
    "precision_fort": "Précision, niveau fort",
    "recall_fort": "Rappel, niveau fort",
    "f05_fort": "F0,5, niveau fort",
    "precision_modere": "Précision, niveau modéré et au-delà",
    "recall_modere": "Rappel, niveau modéré et au-delà",
    "f2_modere": "F2, niveau modéré et au-delà",
}


def write_card(
    definition: Definition,
    data: Dataset,
    fitted: Fitted,
    evaluation: Evaluation,
    versions: Mapping[str, int],
    train: TrainSettings,
    template: Path = TEMPLATE,
) -> str:
    """Fill the template (Markdown, in French)."""
    return Template(template.read_text(encoding="utf-8")).substitute(
        name=definition.name,
        description=definition.description,
        code=__version__,
        horizon=train.horizon,
        signals=len(data.signals),
        rows=len(data),
        failures=int(data.target.sum()),
        first=f"{start_of(int(data.month.min())):%Y-%m}",
        last=f"{start_of(int(data.month.max())):%Y-%m}",
        tables="\n".join(f"| `{path}` | {version} |" for path, version in versions.items()),
        origins=", ".join(evaluation.by_origin),
        test_months=train.test_months,
        disjoint="oui" if train.disjoint else "non",
        figures="\n".join(
            f"| {label} | {_number(evaluation.pooled[key])} |"
            for key, label in _ROWS.items()
            if key in evaluation.pooled
        ),
        fort=_number(fitted.thresholds.fort),
        modere=_number(fitted.thresholds.modere),
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) and value > 1 else f"{value:.4f}".replace(".", ",")
