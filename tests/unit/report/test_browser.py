"""The page in a real browser: it loads without an error and obeys no data."""

from __future__ import annotations

import html as entities
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from kerascrash.compare import compare
from kerascrash.redact.diagnosis import make_redactor, redact_diagnosis
from kerascrash.report import html
from kerascrash.report.comparison import html as comparison_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kerascrash.model.verdict import Diagnosis

    Spoil = Callable[[Diagnosis, str], Diagnosis]

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


def visit(page: str, folder: Path) -> tuple[str, list[str]]:
    """Return the document as it is after loading, and what the console said."""
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu",
        "--enable-logging=stderr", "--virtual-time-budget=3000",
        f"--user-data-dir={folder / 'profile'}",
        "--dump-dom", path.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout, re.findall(r"CONSOLE.*", done.stderr)


def test_it_loads_without_an_error_and_its_script_runs(
    page: str, tmp_path: Path
) -> None:
    document, console = visit(page, tmp_path)
    assert console == []
    assert '<th scope="col"><button type="button">Name</button></th>' in document


def test_the_console_would_have_told(page: str, tmp_path: Path) -> None:
    """The check can fail: a script that is not the page's own is refused, and told."""
    bad = page.replace("</main>", "<script>document.title = 'owned'</script></main>")
    document, console = visit(bad, tmp_path)
    assert "<title>owned" not in document
    assert any("Content Security Policy" in line for line in console)


def test_no_script_from_the_data_runs(
    diagnosis: Diagnosis, spoil_all: Spoil, tmp_path: Path
) -> None:
    act = "document.documentElement.dataset.owned=1"
    payload = (
        f"</script></style></textarea></pre><script>{act}</script>"
        f"<img src=x onerror={act}><svg onload={act}>"
        f"<a href=javascript:{act}>\"onfocus={act} autofocus x='"
    )
    document, console = visit(html.render(spoil_all(diagnosis, payload)), tmp_path)
    assert console == []
    assert "data-owned" not in document
    assert document.count("<script>") == 1
    assert f"<script>{act}" in entities.unescape(document)


def test_redacting_hostile_text_lets_nothing_out(
    diagnosis: Diagnosis, spoil_all: Spoil, tmp_path: Path
) -> None:
    act = "document.documentElement.dataset.owned=1"
    payload = (
        f"<secret><img src=x onerror={act}> password=</script><script>{act}</script>"
        f" token='\"><svg onload={act}>' /home/<b>/x.py <user-1> {{{{7*7}}}} "
    )
    spoilt = spoil_all(diagnosis, payload)
    shown = redact_diagnosis(spoilt, make_redactor(spoilt))
    document, console = visit(html.render(shown), tmp_path)
    assert console == []
    assert "data-owned" not in document
    assert document.count("<script>") == 1
    assert '<section id="sharing"' in document
    assert "&lt;secret" in document


def test_a_comparison_runs_nothing_of_its_data_either(
    diagnosis: Diagnosis, spoil_all: Spoil, tmp_path: Path
) -> None:
    act = "document.documentElement.dataset.owned=1"
    spoilt = spoil_all(diagnosis, f"</script><script>{act}</script><svg onload={act}>")
    told = comparison_page.render(compare(spoilt, diagnosis))
    document, console = visit(told, tmp_path)
    assert console == []
    assert "data-owned" not in document
    assert document.count("<script>") == 1
    assert f"<script>{act}" in entities.unescape(document)
    assert '<button type="button">Change</button>' in document
