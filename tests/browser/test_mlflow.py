"""MLflow's pages in a real browser: what a data scientist compares, and what a team lead promotes."""

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from mlflow import MlflowClient
from sf_spark.ml.registry import registered_name
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
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
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
