"""`kerascrash demo`: let a real Keras script die here, and report on it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import click

from kerascrash.cli import demo as demo_package
from kerascrash.cli.demo.limits import Limit, find_limit
from kerascrash.dump.reader import read_dump
from kerascrash.errors import DumpError
from kerascrash.units import format_bytes

LIMIT = 1536 << 20
_SEAL_SECONDS = 10.0


def _say(text: str) -> None:
    click.echo(click.style("demo: ", bold=True) + text)


def _start_script(folder: Path, limit: Limit) -> int:
    """Run the training script to its death; return Popen's return code."""
    script = folder / "train.py"
    shutil.copyfile(Path(demo_package.__path__[0]) / "train.py", script)
    environment = dict(os.environ)
    environment.pop("KERASCRASH_WATCHER", None)
    environment |= {
        "KERASCRASH_DIR": str(folder / "kerascrash-dumps"),
        "KERASCRASH_QUIET": "1",  # the demo prints the verdict itself
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONPATH": os.pathsep.join(
            [
                str(Path(demo_package.__path__[0]).parents[2]),
                os.environ.get("PYTHONPATH", ""),
            ]
        ).rstrip(os.pathsep),
    }
    argv = limit.wrap([sys.executable, str(script)])
    return subprocess.run(
        argv, env=environment, cwd=folder, preexec_fn=limit.prepare, check=False
    ).returncode


def _wait_for_seal(folder: Path, since: float) -> Path | None:
    """Return the new dump once the watcher has sealed it, or as it is after a while."""
    deadline = time.monotonic() + _SEAL_SECONDS
    newest = None
    while time.monotonic() < deadline:
        dumps = [p for p in folder.glob("*.bin") if p.stat().st_mtime >= since - 1]
        if dumps:
            newest = max(dumps, key=lambda p: p.stat().st_mtime)
            try:
                if read_dump(str(newest)).certificate is not None:
                    return newest
            except DumpError:
                pass
        time.sleep(0.1)
    return newest


def _die_for_real(folder: Path) -> Path | None:
    limit = find_limit(LIMIT)
    _say(
        "a real Keras script that keeps every batch in a list starts now, held to "
        f"{format_bytes(LIMIT)} by {limit.how}. It will die in about 15 seconds."
    )
    if limit.changes:
        _say(limit.changes)
    since = time.time()
    try:
        status = _start_script(folder, limit)
    finally:
        limit.clean_up()
    shown = f"signal {-status}" if status < 0 else f"exit code {status}"
    _say(f"the script is gone ({shown}) after {time.time() - since:.0f} s.")
    return _wait_for_seal(folder / "kerascrash-dumps", since)


def _sample() -> Path:
    """Return the recorded dump of this very script, shipped with the package."""
    package = Path(demo_package.__path__[0]).parents[1]
    for root in (package / "_sample_dumps", package.parent / "sample_dumps"):
        for name in ("dump.bin", "dump.bin.gz"):
            found = root / "list_leak_cgroup" / name
            if found.exists():
                return found
    raise DumpError("the sample dumps are not installed with this package")


@click.command(
    epilog="Example: kerascrash demo --open. Exit code 0 when a report was written."
)
@click.option("--open", "open_", is_flag=True, help="Open the report in a browser.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("kerascrash-demo"),
    show_default=True,
    help="Where the script, its dump and the report go.",
)
def COMMAND(open_: bool, folder: Path) -> None:
    """Let a real Keras script die on this machine and report on it."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    dump: Path | None = None
    if importlib.util.find_spec("tensorflow") is None:
        _say(
            "TensorFlow is not installed, so no Keras script can die here; this is the "
            "dump of such a death, recorded earlier. "
            "Install it with: pip install 'kerascrash[tensorflow]'"
        )
    elif sys.platform != "linux":
        _say("memory limits are enforced on Linux only; this is a recorded dump.")
    else:
        dump = _die_for_real(folder)
        if dump is None:
            _say("the script left no dump; this is a recorded one instead.")
    if dump is None:
        dump = Path(shutil.copy(_sample(), folder))
    command = [sys.executable, "-m", "kerascrash"]
    subprocess.run([*command, "verdict", str(dump)], check=False)
    report = dump.with_name(
        dump.name.removesuffix(".gz").removesuffix(".bin") + ".html"
    )
    done = subprocess.run(
        [
            *command,
            "report",
            str(dump),
            "-o",
            str(report),
            *(["--open"] if open_ else []),
        ],
        check=False,
    )
    raise SystemExit(done.returncode)
