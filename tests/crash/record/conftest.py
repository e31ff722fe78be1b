"""Scripts that arm themselves, run as a user runs them, and what they leave."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.reader import read_dump
from kerascrash.dump.records import EventKind

ROOT = Path(__file__).resolve().parents[3]
ARM = "import kerascrash.arm\n"


# What a GPU build of TensorFlow says on a machine without one, armed or not.
_TENSORFLOW_SAYS = re.compile(
    r"^(?:WARNING: All log messages before absl::|[IWE]\d{4} [\d:.]+ +\d+ \w+\.cc:)"
    r".*\n",
    re.MULTILINE,
)


class Run:
    """A script that has ended, its output, and the dumps of its folder."""

    def __init__(self, folder: Path, done: subprocess.CompletedProcess[str]) -> None:
        self.folder = folder
        self.code = done.returncode
        self.out = done.stdout
        self.err = _TENSORFLOW_SAYS.sub("", done.stderr)

    @property
    def dumps(self) -> list[Path]:
        """The dumps beside the script, oldest first."""
        return sorted((self.folder / "kerascrash-dumps").glob("*.bin"))

    @property
    def dump(self) -> Any:
        """The newest dump, read."""
        return read_dump(self.dumps[-1])

    def events(self, kind: EventKind) -> list[dict[str, Any]]:
        """The data of the newest dump's events of one kind."""
        return [event.data for event in self.dump.events if event.kind == kind]

    def stages(self) -> list[str]:
        """The stages that began, in order, each run of equal ones once."""
        names = [data["stage"] for data in self.events(EventKind.STAGE_BEGIN)]
        return [n for i, n in enumerate(names) if i == 0 or names[i - 1] != n]


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment without settings of kerascrash, and with this checkout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KERASCRASH")}
    quiet = {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    return {**kept, **quiet, "CUDA_VISIBLE_DEVICES": "-1", **more}


@pytest.fixture
def run_script(tmp_path: Path) -> Callable[..., Run]:
    """Run a script's text in a folder of its own; keywords are the environment's."""

    def run(body: str, *arguments: str, name: str = "train.py", **env: str) -> Run:
        script = tmp_path / name
        script.write_text(body, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, *arguments, str(script)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=clean_environment(**env),
            timeout=240,
        )
        return Run(tmp_path, done)

    return run


@pytest.fixture
def armed_environment() -> dict[str, str]:
    """The environment of a user who has this checkout installed."""
    return clean_environment()
