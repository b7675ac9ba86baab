"""MLflow's pages in a real browser: what a data scientist compares, and what a team lead promotes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from mlflow import MlflowClient
from sf_spark.ml.registry import registered_name
from sf_spark.ml.views import VIEW
from sf_spark.settings import Settings
from sf_spark.steps.train import TrainingResult
from tests.browser.chromium import chromium

WIDE = (1900, 1300)  # the table of runs shows only the columns that fit
PATIENCE = 60  # seconds until a page shows what it loads


@pytest.fixture(scope="module")
def server(trained: tuple[TrainingResult, list[str]], ml_settings: Settings) -> Iterator[str]:
    """The UI on the store of the tests."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", ml_settings.tracking_store()]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},  # else four more processes start
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # the server's workers too
        process.wait(timeout=30)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=2)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise AssertionError(f"the MLflow server at {address} does not answer")


@pytest.fixture(scope="module")
def browser(server: str) -> Iterator[Chrome]:
    with chromium(*WIDE) as found:
        yield found


def text_of(browser: Chrome, address: str, *expected: str) -> str:
    """The text of a page, once it shows what is expected."""
    browser.get(address)

    def shown(browser: Chrome) -> str:
        text = browser.find_element(By.TAG_NAME, "body").text
        return text if all(each in text for each in expected) else ""

    try:
        return str(WebDriverWait(browser, PATIENCE, 0.5).until(shown))
    except Exception:
        text = browser.find_element(By.TAG_NAME, "body").text
        raise AssertionError(f"{address}: {[e for e in expected if e not in text]} not in:\n{text}") from None


def runs_of(settings: Settings) -> tuple[str, list[str]]:
    """The experiment's id, and the ids of its training runs."""
    client = MlflowClient(settings.tracking_store())
    experiment = client.get_experiment_by_name(settings.train.experiment)
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], "tags.`sf_spark.kind` = 'training'")
    return experiment.experiment_id, [run.info.run_id for run in runs]


def test_the_table_of_runs_starts_with_the_figures_that_are_compared(
    browser: Chrome, server: str, ml_settings: Settings
) -> None:
    experiment, runs = runs_of(ml_settings)
    address = f"{server}/#/experiments/{experiment}/runs?viewStateShareKey={VIEW}"
    text = text_of(browser, address, f"{len(runs)} matching runs", "Comparer les modèles", "rule 12m 2021-12")
    cells = browser.find_elements(By.CSS_SELECTOR, ".ag-header-cell")
    titles = [cell.text for cell in sorted(cells, key=lambda cell: cell.rect["x"]) if cell.text]
    first = titles.index("average_precision")
    assert titles[first : first + 3] == ["average_precision", "roc_auc", "precision_at_100"]
    assert "Sort: average_precision" in text


def test_two_runs_are_compared(browser: Chrome, server: str, ml_settings: Settings) -> None:
    experiment, runs = runs_of(ml_settings)
    chosen = f"runs={json.dumps(runs[:2])}&experiments={json.dumps([experiment])}"
    text = text_of(browser, f"{server}/#/compare-runs?{chosen}", "Comparing 2 Runs", "average_precision", "Duration")
    assert "sf_spark.protocol" in text


def test_a_run_shows_its_card_and_its_data(browser: Chrome, server: str, ml_settings: Settings) -> None:
    experiment, runs = runs_of(ml_settings)
    page = f"{server}/#/experiments/{experiment}/runs/{runs[0]}"
    text_of(browser, page, "Fiche du modèle", "average_precision", "signals/entreprise (version-0)", "sf_spark.commit")
    plots = ("precision_recall.png", "reliability.png", "lift.png", "importance.png", "stability.png")
    text_of(browser, f"{page}/artifacts", *plots, "model-card.md")


def test_a_version_says_why_it_is_champion(browser: Chrome, server: str, ml_settings: Settings) -> None:
    name = registered_name(ml_settings.train.model_name, ml_settings.train.horizon)
    text_of(browser, f"{server}/#/models/{name}", "promotion.0001", "champion")
    said = ("champion", "sf_spark.gate", "better than chance", "Fiche du modèle")
    text_of(browser, f"{server}/#/models/{name}/versions/1", *said)
