"""The README's five steps for adding a cause, followed to the letter."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def steps() -> list[tuple[str, str]]:
    """Return (file name, content) of each code block under "Add a cause"."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Add a cause", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"`([\w/.]+)`[^\n]*\n+```\w*\n(.*?)```", section, re.DOTALL)


def test_a_toy_cause_is_added_by_following_the_readme(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "kerascrash", tmp_path / "kerascrash")
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    files = steps()
    assert len(files) >= 3, files
    for name, content in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # A rule file that exists already is added to, as the README says.
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(before + content, encoding="utf-8")
    sample = next(tmp_path / name for name, _ in files if name.endswith("stderr.txt"))
    argv = [sys.executable, "-m", "kerascrash", "explain", "--stderr", str(sample)]
    done = subprocess.run(
        [*argv, "--exit", "70", "--format", "json", "-o", "-"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"]["cause"] == "licence_server_lost"
