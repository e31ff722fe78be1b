"""What all tests share: where things are, and how a report is held to its sample."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "sample_dumps"
Report = dict[str, Any]

# A shell starts what runs in the background with Ctrl-C ignored, and so would every
# script that is to die of it here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of labelled cases and traces; skips where it is absent."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the shared folder of labelled cases is not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def as_nobody() -> tuple[str, ...]:
    """
    Return the command that runs another without privileges.

    The tests' interpreter may lie in a folder of root's, so the right to read files is
    kept; it is none over the kernel log, other processes or anything else.
    """
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("becoming another user needs Linux, root and setpriv")
    caps = "-all,+dac_read_search"
    return (
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
        f"--inh-caps={caps}", f"--ambient-caps={caps}", f"--bounding-set={caps}", "--",
    )  # fmt: skip


@pytest.fixture(scope="session")
def report_json() -> Callable[..., Report]:
    """Return the JSON report of a dump, made as a user makes it."""

    def make(dump: Path, *options: str) -> Report:
        argv = [sys.executable, "-m", "kerascrash", "report", str(dump)]
        done = subprocess.run(
            [*argv, "--format", "json", "-o", "-", *options],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        report: Report = json.loads(done.stdout)
        return report

    return make


def place_line(report: Report) -> str:
    """Return the text of the line that the report blames, without its indentation."""
    culprit = report["verdict"]["culprit"] or {}
    excerpt = dict(culprit.get("excerpt") or [])
    return str(excerpt.get(culprit.get("line"), "")).strip()


@pytest.fixture(scope="session")
def assert_expected() -> Callable[[Report, Path], None]:
    """Hold a report to the `expected.toml` of a sample."""

    def check(report: Report, expected_file: Path) -> None:
        expected = tomllib.loads(expected_file.read_text(encoding="utf-8"))
        verdict = report["verdict"]
        seen = {k: verdict[k] for k in ("cause", "confidence", "factor", "summary")}
        assert verdict["cause"] == expected["cause"], seen
        named = {verdict["cause"], verdict["factor"]}
        assert not named & set(expected.get("never", ())), seen
        if "factor" in expected:
            assert verdict["factor"] == expected["factor"], seen
        if "second_factor" in expected:
            named = [f["id"] for f in report["factors"][:2]]
            assert expected["second_factor"] in named, named
        assert bool(report["damage"]) == expected.get("damage", False)
        if "owner" in expected:
            assert verdict["culprit"]["owner"] == expected["owner"], verdict["culprit"]
        if "line" in expected:
            assert place_line(report) == expected["line"], verdict["culprit"]
        if "growth_bytes_per_step" in expected:
            growth = verdict["culprit"]["growth_bytes_per_step"]
            want = expected["growth_bytes_per_step"]
            assert growth == pytest.approx(want, rel=0.1)

    return check


class Nvml:
    """A stand-in for NVIDIA's management library, and what it answers."""

    def __init__(self, library: Path, folder: Path) -> None:
        self._answers = folder / "nvml.txt"
        self.environment = {
            "LD_LIBRARY_PATH": str(library.parent),
            "NVML_STAND_IN": str(self._answers),
        }

    def answer(self, *lines: str) -> None:
        """Answer so from now on; lines as in ``stand_in/nvml.c``."""
        fresh = self._answers.with_suffix(".new")
        fresh.write_text("\n".join(lines) + "\n", encoding="ascii")
        fresh.replace(self._answers)


@pytest.fixture(scope="session")
def _nvml_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        pytest.skip("building a stand-in for NVML needs Linux and a C compiler")
    pytest.importorskip("pynvml")
    library = tmp_path_factory.mktemp("nvml") / "libnvidia-ml.so.1"
    source = Path(__file__).parent / "stand_in" / "nvml.c"
    build = [compiler, "-shared", "-fPIC", "-Wall", "-Werror"]
    subprocess.run([*build, "-o", str(library), str(source)], check=True)
    return library


@pytest.fixture
def nvml(_nvml_library: Path, tmp_path: Path) -> Nvml:
    """Return a stand-in for NVML that has no device yet."""
    return Nvml(_nvml_library, tmp_path)
