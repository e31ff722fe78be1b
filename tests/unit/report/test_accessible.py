"""
Every page of the gallery under axe-core, in light and dark, wide and narrow.

It is measured too: no label on another, no table that must be scrolled, no column of
single letters.

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
NARROWEST = 320
"""Width to which WCAG 2.2 (1.4.10, reflow) wants a page to shrink unscrolled."""
MISPLACED = """() => {
  const wrong = [], seen = e => e.checkVisibility() && e.getBoundingClientRect().width;
  if (document.documentElement.scrollWidth > innerWidth) wrong.push("page is too wide");
  for (const svg of document.querySelectorAll(".plot > svg")) {
    const texts = [...svg.querySelectorAll("text")].filter(seen);
    texts.forEach((one, n) => {
      const a = one.getBoundingClientRect();
      if (a.left < 0 || a.right > innerWidth) wrong.push("cut off: " + one.textContent);
      for (const other of texts.slice(n + 1)) {
        const b = other.getBoundingClientRect();
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 1 && high > 2)
          wrong.push(`on each other: ${one.textContent} | ${other.textContent}`);
      }
    });
  }
  for (const box of document.querySelectorAll(".scroll:not(.log)"))
    if (seen(box) && box.scrollWidth > box.clientWidth + 1)
      wrong.push("must be scrolled: " + box.getAttribute("aria-label"));
  for (const cell of document.querySelectorAll("th, td, dt, dd")) {
    const range = document.createRange(), text = cell.textContent.trim();
    range.selectNodeContents(cell);
    const tops = [...range.getClientRects()].map(line => Math.round(line.top / 4));
    const lines = new Set(tops).size;
    if (seen(cell) && lines > 4 && text.length < 7 * lines)
      wrong.push(`squeezed into ${lines} lines: ${text}`);
  }
  return wrong;
}"""
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
        found += page.evaluate(MISPLACED)
        for button in page.locator(".zoom button").all()[1:]:
            button.click()
            found += page.evaluate(MISPLACED)
        if width < 500:
            page.set_viewport_size({"width": NARROWEST, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth") > NARROWEST:
                found.append(f"wider than {NARROWEST} pixels")
            page.set_viewport_size({"width": width, "height": 900})
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


def test_what_is_misplaced_would_have_been_told(browser: Any, full: Path) -> None:
    """The check can fail: labels moved together, a column without width."""
    page = browser.new_page()
    page.goto(full.as_uri())
    assert page.evaluate(MISPLACED) == []
    page.add_style_tag(content=".x text{x:50%} .measures th,.pairs dd{max-width:9px}")
    page.evaluate(
        "document.querySelectorAll('.x text').forEach(t => t.setAttribute('x', 9))"
    )
    page.evaluate("document.querySelector('.pairs').style.width = '40px'")
    told = {line.split(":")[0].split(" into")[0] for line in page.evaluate(MISPLACED)}
    assert {"on each other", "squeezed"} <= told


def test_the_script_shows_sorts_and_copies(browser: Any, full: Path) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(full.as_uri())
    page.locator("#chart-whole .plot svg").first.hover(position={"x": 300, "y": 150})
    told = page.locator("#chart-whole .readout").inner_text()
    assert "UTC" in told
    assert "process" in told
    assert page.locator("#chart-whole .cross").count() == 1
    table = page.locator("table.sortable").filter(has_text="Trainer.history").first
    for heading, order in (("Name", "ascending"), ("Size", "descending")):
        button = table.get_by_role("button", name=heading)
        button.focus()
        page.keyboard.press("Enter")
        head = table.locator(f"th[aria-sort={order}]")
        assert head.inner_text().startswith(heading)
    sizes = table.locator("tbody td[data-name=Size]")
    found = [int(cell.get_attribute("data-sort")) for cell in sizes.all()]
    assert found == sorted(found, reverse=True)
    command = page.locator("pre.command").first
    said = command.locator("code").inner_text()
    command.get_by_role("button").click()
    page.wait_for_function(
        "document.querySelector('button.copy').textContent == 'Copied'"
    )
    assert page.evaluate("navigator.clipboard.readText()") == said
    context.close()


def test_the_script_zooms_to_the_last_minute_and_print_shows_both(
    browser: Any, full: Path
) -> None:
    whole, last = "#chart-whole", "#chart-last"
    page = browser.new_page()
    page.goto(full.as_uri())
    shown = [page.locator(chart).is_visible() for chart in (whole, last)]
    assert shown == [True, False]
    button = page.get_by_role("button", name="The last minute")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator(last).is_visible()
    assert not page.locator(whole).is_visible()
    page.locator(f"{last} .plot svg").first.hover(position={"x": 300, "y": 150})
    assert "UTC" in page.locator(f"{last} .readout").inner_text()
    page.emulate_media(media="print")
    assert page.locator(whole).is_visible()
    assert page.locator(last).is_visible()
    assert not page.locator(".zoom").is_visible()
    page.close()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(full.as_uri())
    assert page.locator(whole).is_visible()
    assert page.locator(last).is_visible()
    context.close()


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
