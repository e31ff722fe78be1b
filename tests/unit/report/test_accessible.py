"""
Every page of the gallery under axe-core, in light and dark, wide and narrow.

axe-core comes with the `test` extra (axe-playwright-python brings its JavaScript); the
browser is the system's own Chromium.
"""

from __future__ import annotations

import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

playwright_api = pytest.importorskip(
    "playwright.sync_api", reason="axe-playwright-python is not installed"
)
axe_api = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="axe-playwright-python is not installed",
)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
SAMPLES = Path(__file__).resolve().parents[3] / "sample_dumps"
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIEWS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the pages of the gallery: reports, comparisons, index."""
    gallery = runpy.run_path(str(SAMPLES / "gallery.py"))
    written = gallery["render_all"](tmp_path_factory.mktemp("gallery"))
    return [path for path in written if path.suffix == ".html"]


@pytest.fixture(scope="module")
def full(page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of the hand-made diagnosis, which has every section."""
    path: Path = tmp_path_factory.mktemp("full") / "full.html"
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"]
        )
        yield opened
        opened.close()


def violations(page: Any) -> list[str]:
    """Return what axe-core has against a page that is open."""
    options = {"runOnly": STANDARD, "resultTypes": ["violations"], "preload": False}
    found = axe_api.Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']}: {node['html'][:120]}"
        for each in found
        for node in each["nodes"]
    ]


def barriers(
    browser: Any, paths: list[Path], width: int, scheme: str
) -> dict[str, Any]:
    """Return what is wrong with each page in one view, nothing for a good one."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = context.new_page()
    wrong = {}
    for path in paths:
        page.goto(path.as_uri())
        found = violations(page)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            found.append(f"wider than the window by {wide} pixels")
        if found:
            wrong[path.name] = found
    context.close()
    return wrong


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_no_page_has_a_barrier(
    browser: Any, pages: list[Path], full: Path, width: int, scheme: str
) -> None:
    """The page with everything in each view, every sample in one of them."""
    assert len(pages) > 30
    mine = pages[VIEWS.index((width, scheme)) :: len(VIEWS)]
    assert not barriers(browser, [full, *mine], width, scheme)


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_no_page_has_a_barrier_in_any_view(
    browser: Any, pages: list[Path], width: int, scheme: str
) -> None:
    assert not barriers(browser, pages, width, scheme)


def test_axe_would_have_told(browser: Any, pages: list[Path]) -> None:
    """The check can fail: text without contrast, a picture without words."""
    page = browser.new_page()
    page.goto(pages[0].as_uri())
    page.evaluate(
        "document.querySelector('h1').style.color = '#ddd';"
        "document.querySelector('main').append(document.createElement('img'))"
    )
    told = {line.split(":")[0] for line in violations(page)}
    assert {"color-contrast", "image-alt"} <= told
