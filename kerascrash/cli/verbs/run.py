"""`kerascrash run`: train under watch, without a change to the script."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click

import kerascrash
from kerascrash.errors import UsageError

_PACKAGE = Path(kerascrash.__file__).parent
SUPERVISOR = _PACKAGE / "watch" / "supervise.py"
RUNNER = _PACKAGE / "record" / "runner.py"


def arms_at_startup() -> bool:
    """Tell whether the start-up file that KERASCRASH=1 wakes is installed here."""
    for folder in map(Path, sys.path):
        for file in folder.glob("*kerascrash*.pth") if folder.is_dir() else ():
            try:
                lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
            except OSError:
                continue
            if any(
                line.startswith("import") and "KERASCRASH" in line for line in lines
            ):
                return True
    return False


def build_command(
    as_module: bool, target: str, arguments: tuple[str, ...]
) -> list[str]:
    """Return the training's command line; raises UsageError if there is no script."""
    if not as_module and not os.path.exists(target):
        hint = ""
        if Path(target).name.startswith("python"):
            hint = "; give the script itself: kerascrash run train.py"
        raise UsageError(f"{target}: no such script{hint}")
    option = ["-m"] if as_module else []
    runner = [] if arms_at_startup() else [str(RUNNER)]
    return [sys.executable, *runner, *option, target, *arguments]


def supervise(command: list[str]) -> NoReturn:
    """Become the supervisor: it is there as long as the training, so it is tiny."""
    os.execv(sys.executable, [sys.executable, "-I", "-S", str(SUPERVISOR), *command])


def follow(command: list[str]) -> int:
    """Run the command where there is no supervisor yet (not Linux)."""
    environment = {**os.environ, "KERASCRASH": "1"}
    status = subprocess.run(command, env=environment, check=False).returncode
    return 128 - status if status < 0 else status


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="""\b
Examples:
  kerascrash run train.py --epochs 3
  kerascrash run -m mypackage.train
Exit code: the script's, or 128 + n when signal n ended it.""",
)
@click.option("-m", "as_module", is_flag=True, help="TARGET is a module.")
@click.argument("target")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def COMMAND(as_module: bool, target: str, arguments: tuple[str, ...]) -> int:
    """
    Run a training script armed, as its supervising parent.

    The exact exit status, resource usage and the last words on standard error go into
    the dump; signals are passed on, orphans are reaped. Use it as a container's entry
    point and in batch jobs: as their first process it survives what kills the script.
    """
    command = build_command(as_module, target, arguments)
    return supervise(command) if sys.platform == "linux" else follow(command)
