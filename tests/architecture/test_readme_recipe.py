"""The README's five steps for adding a cause, followed to the letter."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def recipe() -> str:
    """Return the README's section."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return readme.split("## Add a cause", 1)[1].split("\n## ", 1)[0]


def files() -> list[tuple[str, str]]:
    """Return (file name, content) of each code block of the section."""
    found = re.findall(
        r"`([\w/.]+\.(?:toml|py))`:\n+( +```\w+\n.*?)\n +```", recipe(), re.DOTALL
    )
    return [
        (name, textwrap.dedent(block).split("\n", 1)[1] + "\n") for name, block in found
    ]


def test_a_toy_cause_is_added_by_following_the_readme(tmp_path: Path) -> None:
    for name in ("kerascrash", "templates", "tests/unit/causes", "tests/cases"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    written = files()
    assert len(written) == 4, [name for name, _ in written]
    for name, content in written:
        path = tmp_path / name
        assert not path.exists(), "the toy has become real"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    step_five = re.search(r"Run `python (-m pytest [^`]+)`", recipe())
    assert step_five
    words = [w for w in step_five[1].split() if w != "tests/unit/detect"]
    done = subprocess.run(
        [sys.executable, *words, "-p", "no:cacheprovider", "-v"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("positive", "near_miss"):
        assert f"licence_server_lost-{name}] PASSED" in done.stdout, done.stdout


def test_the_table_of_causes_is_the_catalogues() -> None:
    argv = [sys.executable, "-m", "kerascrash", "causes", "--markdown"]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=True)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split("<!-- causes -->\n", 1)[1].split("\n<!-- /causes -->", 1)[0]
    assert table == done.stdout.strip()
