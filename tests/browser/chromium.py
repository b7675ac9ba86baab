"""Headless Chromium, driven by the tests; they are skipped with a message if it is not installed."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
AXE = Path(__file__).parent / "axe" / "axe.min.js"  # axe-core 4.14.1 of Deque, MPL 2.0
DESK, PHONE = (1280, 900), (390, 844)


@contextmanager
def chromium(width: int, height: int) -> Iterator[webdriver.Chrome]:
    """A browser with a temporary profile of its own. A narrow one acts as a phone."""
    program, driver = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("Chromium is not installed: apt-get install chromium chromium-driver (Debian)")
    with tempfile.TemporaryDirectory(prefix="sf_spark-chromium-", ignore_cleanup_errors=True) as profile:
        options = Options()
        options.binary_location = program
        for argument in (*QUIET, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browser = webdriver.Chrome(options=options, service=Service(driver))
        try:
            if width < 700:
                screen = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": True}
                browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
            yield browser
        finally:
            browser.quit()


def open_page(browser: webdriver.Chrome, page: Path, fragment: str = "") -> None:
    """Open a page of a folder, like a user's double click."""
    browser.get("about:blank")
    browser.get(page.as_uri() + fragment)
    errors = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []


def violations(browser: webdriver.Chrome) -> list[str]:
    """Accessibility violations of the page, by axe-core."""
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    # preload would read the style sheets again, which is forbidden for pages in a folder.
    run = "const done = arguments[0]; axe.run(document, {preload: false}).then(done);"
    found: dict[str, Any] = browser.execute_async_script(run)
    return [f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}" for each in found["violations"]]
