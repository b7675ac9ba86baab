"""Settings: conf/base, then conf/env/<env>.yml, then ``--set key=value``; checked as a whole, errors in one line."""

import difflib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from sf_spark.errors import ConfigurationError
from sf_spark.lake.places import is_remote, rooted
from sf_spark.plain_yaml import load_plain

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_MONTH_OR_NOTHING = r"^(\d{4}-(0[1-9]|1[0-2]))?$"
_DATA = ("spark", "catalogue", "adjustments")  # free-form data, not single settings


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class GenerateSettings(_Section):
    """Size and errors of the generated deliveries."""

    entreprises: int = Field(ge=1)
    annees: int = Field(ge=1, le=30)
    seed: int = Field(ge=0)
    last_batch: str = Field(pattern=r"^\d{2}(0[1-9]|1[0-2])$")
    monthly_deliveries: int = Field(ge=0)
    dirty_share: float = Field(ge=0, le=0.5)
    failure_rate: float = Field(gt=0, le=0.2)
    announced_share: float = Field(ge=0, le=1)


class IngestSettings(_Section):
    """Tolerances of ingest."""

    invalid_utf8_share: float = Field(ge=0, le=1)
    range_bytes: int = Field(ge=1)
    wide_range_bytes: int = Field(ge=1)
    smallest_share: float = Field(ge=0, le=1)
    whole: tuple[str, ...]
    partial: tuple[str, ...]
    date_debut: date
    perimetre: Literal["filter", "computed", "off"]


class PanelSettings(_Section):
    """The perimeter, and the nomenclature in which activities are compared."""

    perimeter_effectif: int = Field(ge=0)
    perimeter_months: int = Field(ge=1)
    nomenclature: Literal["naf_rev2", "naf2025"]
    categories_juridiques: tuple[str, ...]
    activites: tuple[str, ...]
    siege_en_france: bool


class SignalSettings(_Section):
    """The signals to compute."""

    families: tuple[str, ...]
    rows_per_task: int = Field(ge=1000)
    catalogue: dict[str, Any]


class LabelSettings(_Section):
    """Horizons of the targets, in months."""

    horizons: tuple[PositiveInt, ...] = Field(min_length=1)


class LeakSettings(_Section):
    """Limits of the leak alarm."""

    signal_auc: float = Field(gt=0.5, le=1)
    lead: float = Field(gt=0, le=1)
    model_auc: float = Field(gt=0.5, le=1)
    model_average_precision: float = Field(gt=0, le=1)


class GateSettings(_Section):
    """Requirements on a challenger."""

    resamples: int = Field(ge=50)
    calibration_ratio: float = Field(ge=1)
    fewest_alerts: float = Field(ge=0, le=1)
    most_alerts: float = Field(gt=0, le=1)


class TrainSettings(_Section):
    """Training and evaluation."""

    horizon: int = Field(ge=1)
    horizons: tuple[PositiveInt, ...] = Field(min_length=1)
    models: tuple[str, ...]
    signals: Literal["core", "all"]
    model_name: str = Field(min_length=1)
    experiment: str
    test_months: int = Field(ge=1)
    origins: int = Field(ge=1)
    months_between_origins: int = Field(ge=1)
    months_between_samples: int = Field(ge=1)
    inner_months: int = Field(ge=1)
    folds: int = Field(ge=2)
    calibration: Literal["auto", "platt", "beta", "isotonic"]
    modere: Literal["capacity", "f2"]
    capacity: int = Field(ge=1)
    capacity_share: float = Field(gt=0, le=1)
    resamples: int = Field(ge=50)
    max_values: int = Field(ge=1_000_000)
    trials: int = Field(ge=1)
    seed: int = Field(ge=0)
    leak: LeakSettings
    gate: GateSettings


class ScoreSettings(_Section):
    """The months to score."""

    months: int = Field(ge=1)
    explain: Literal["alerts", "all"]


class PublishSettings(_Section):
    """The content of a list."""

    list_size: int = Field(ge=0)


class ListSettings(_Section):
    """Rules for entering and staying on a list."""

    enter_share: float = Field(ge=1)
    leave_share: float = Field(gt=0, le=1)
    months_below: int = Field(ge=0)
    first_share: float = Field(ge=1)


class AdjustmentSettings(_Section):
    """An expert rule, see conf/base/ajustements.yml."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    direction: Literal["up", "down"]
    when: str = Field(min_length=1)
    explanation: str = Field(min_length=1)
    main_theme: str = ""
    since: str = Field(default="", alias="from", pattern=_MONTH_OR_NOTHING)
    until: str = Field(default="", pattern=_MONTH_OR_NOTHING)


class MonitorSettings(_Section):
    """Comparisons of the monitoring, and their thresholds."""

    psi_warns: float = Field(gt=0)
    coverage_drop_warns: float = Field(gt=0, le=1)
    late_months_warns: int = Field(ge=1)
    churn_warns: float = Field(gt=0, le=1)
    precision_drop_warns: float = Field(gt=0, le=1)
    slower_warns: float = Field(gt=1)
    training_months: int = Field(ge=1)
    resamples: int = Field(ge=50)


class MaintainSettings(_Section):
    """What maintenance keeps."""

    keep_days: int = Field(ge=7)
    keep_log_days: int = Field(ge=30)
    file_bytes: int = Field(ge=1_000_000)
    fewest_files: int = Field(ge=2)


class Settings(_Section):
    """All settings of a job, validated."""

    env: str
    lake: str = Field(pattern=r"\S")
    landing: str = Field(pattern=r"\S")
    truth: str = Field(pattern=r"\S")
    tracking_uri: str
    artifact_uri: str
    master: str
    jars: str
    habilitations: str
    cutoff_day: int = Field(ge=1, le=28)
    generate: GenerateSettings
    ingest: IngestSettings
    panel: PanelSettings
    signals: SignalSettings
    labels: LabelSettings
    train: TrainSettings
    table: str
    table_name: str
    label: str
    keys: tuple[str, ...]
    time: str
    group: str
    score: ScoreSettings
    publish: PublishSettings
    lists: ListSettings
    adjustments: tuple[AdjustmentSettings, ...]
    monitor: MonitorSettings
    maintain: MaintainSettings
    spark: dict[str, str | int | float | bool]

    def tracking_store(self) -> str:
        """The MLflow tracking store: the configured one, else a SQLite file beside a local lake.

        Raises:
            ConfigurationError: When none is configured, and the lake is in an object store.
        """
        if not self.tracking_uri and is_remote(self.lake):
            raise ConfigurationError(
                f"no tracking_uri is set, and there can be no SQLite file beside {self.lake}: name an MLflow server or "
                "a database, --set tracking_uri=postgresql+psycopg://host/mlflow"
            )
        return self.tracking_uri or f"sqlite:///{Path(rooted(self.lake)).resolve().parent / 'mlflow.db'}"

    def clearances_file(self) -> Path:
        """The file of the services' clearances."""
        return PROJECT_ROOT / self.habilitations  # an absolute path stays what it is

    def artifact_store(self) -> str:
        """The folder for models and plots of a new experiment; '' for the default: beside SQLite, or the server's own.

        For another database, MLflow would take the working directory.
        """
        if self.artifact_uri or self.tracking_store().startswith(("sqlite:", "http:", "https:", "databricks")):
            return self.artifact_uri.rstrip("/")
        if is_remote(self.lake):
            return f"{rooted(self.lake).rsplit('/', 1)[0]}/mlruns".replace("s3a://", "s3://", 1)
        return (Path(rooted(self.lake)).parent / "mlruns").as_uri()


def load_settings(env: str, overrides: Iterable[str] = (), conf: Path = PROJECT_ROOT / "conf") -> Settings:
    """Load and check the settings of an environment.

    Args:
        env: Name of a file in ``conf/env``.
        overrides: ``key=value`` texts; a dotted key reaches into a section (``train.horizon=12``).
        conf: Folder of the configuration.

    Raises:
        ConfigurationError: For an unknown environment or key, or an invalid value; it names what is expected.
    """
    values: dict[str, Any] = _read(conf / "base" / "settings.yml")
    values["spark"] = _read(conf / "base" / "spark.yml")
    values["signals"]["catalogue"] = _read(conf / "base" / "signals.yml")
    values["panel"] |= _exclusions(_read(conf / "base" / "perimetre.yml"))
    values["lists"] = _read(conf / "base" / "listes.yml")
    values["adjustments"] = _read(conf / "base" / "ajustements.yml").get("rules") or []
    path = conf / "env" / f"{env}.yml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in (conf / "env").glob("*.yml")))
        raise ConfigurationError(f"unknown environment '{env}': choose {known}")
    _merge(values, _read(path))
    for override in overrides:
        _override(values, override)
    try:
        return Settings(env=env, **values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"setting '{key}': {first['msg']} (given: {first['input']!r})") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = load_plain(path.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: must hold 'key: value', not a {type(content).__name__}")
    return content


def _exclusions(content: dict[str, Any]) -> dict[str, Any]:
    """The exclusions of the perimeter; their activities are grouped in the settings."""
    return content | {"activites": [code for group in content["activites"] for code in group]}


def _merge(values: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            _merge(values[key], value)
        else:
            values[key] = value


def _override(values: dict[str, Any], override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator:
        raise ConfigurationError(f"--set takes key=value, not '{override}'")
    if key.startswith("spark."):  # Spark's own keys have dots of their own
        values["spark"][key] = text
        return
    known = _dotted_keys(values)
    if key not in known:
        close = difflib.get_close_matches(key, known, n=1)
        hint = f"did you mean '{close[0]}'? " if close else ""
        raise ConfigurationError(f"unknown setting '{key}': {hint}known settings: {', '.join(known)}")
    *sections, last = key.split(".")
    section = values
    for name in sections:
        section = section[name]
    keep_text = isinstance(section[last], str)  # a batch such as 0910 must not become a number
    parsed = text if keep_text else _parse_value(key, text)
    if isinstance(section[last], list) and isinstance(parsed, str):
        parsed = [part.strip() for part in parsed.split(",") if part.strip()]
    section[last] = parsed


def _parse_value(key: str, text: str) -> Any:
    try:
        return load_plain(text)
    except ValueError as error:
        raise ConfigurationError(f"setting '{key}': cannot read the value '{text}': {error}") from None


def _dotted_keys(values: Mapping[str, Any]) -> list[str]:
    keys = []
    for key, value in values.items():
        if key not in _DATA:
            keys += [f"{key}.{name}" for name in _dotted_keys(value)] if isinstance(value, dict) else [key]
    return keys
