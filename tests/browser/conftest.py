"""A headless Chromium, and the simulator on a server of its own."""

import shutil

import pytest

from tests.assistants import LEARNED
from tests.served_demo import demo as served_demo
from tests.simulated_server import simulated_server

playwright = pytest.importorskip("playwright.sync_api", reason="SKIPPED: playwright is not installed")


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("SKIPPED: there is no Chromium (tests/install_tools.sh installs it): the pages are NOT tested")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture
def server():
    with simulated_server() as (address, _handler):
        yield address


@pytest.fixture(scope="module")
def demo(router, tmp_path_factory, data_folder):
    """The demo as `make run` starts it, for the tests of one file; `router`: it has learned."""
    with served_demo(tmp_path_factory.mktemp("demo") / "data", data_folder / LEARNED) as served:
        yield served


@pytest.fixture
def open_page(chromium):
    """Open pages of any size; at the end nothing may have gone wrong in their scripts."""
    contexts, faults = [], []

    def open_one(address, *, width=1280, height=900):
        context = chromium.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda entry: faults.append(entry.text) if entry.type == "error" else None)
        page.goto(address)
        return page

    open_one.faults = faults
    yield open_one
    for context in contexts:
        context.close()
    assert faults == []
