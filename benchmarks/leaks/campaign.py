"""
Plants leaks, and what only looks like one, in real trainings; counts what is said.

    python benchmarks/leaks/campaign.py leaks          # 12 variants, 4 rates, 2 kinds
    python benchmarks/leaks/campaign.py healthy        # 20 that must not be blamed
    python benchmarks/leaks/campaign.py warning        # leaks and healthy runs, a limit

Each run is a process of its own that is killed after 200 steps of 40 ms (500 if it is
healthy); what counts is what its dump says. ``warning`` runs take minutes, under a
memory cgroup. TensorFlow is imported once, before the forks.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import runpy
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).resolve().parent / "scripts"
sys.path.insert(0, str(ROOT))

from kerascrash.cli.demo.limits import find_limit, remove_cgroup  # noqa: E402
from kerascrash.collect.dump_case import read_case  # noqa: E402
from kerascrash.estimate.holdings import Holding, holdings_of  # noqa: E402
from kerascrash.estimate.kept import leaks  # noqa: E402
from kerascrash.estimate.timeline import recording_of  # noqa: E402

RATES = {"1 KB": 1_000, "10 KB": 10_000, "100 KB": 100_000, "4 MB": 4_000_000}
KINDS = ("tensors", "objects")
LIMIT = 1536 << 20
AT_ONCE = 3
_MOUNTS = ("/sys/fs/cgroup/memory", "/sys/fs/cgroup")


@dataclass
class Run:
    """One script with its settings, and what came of it."""

    script: str
    settings: dict[str, str]
    limit: int = 0
    folder: Path = field(
        default_factory=lambda: Path(tempfile.mkdtemp(prefix="leaks-"))
    )
    seconds: float = 0.0
    status: int = 0

    @property
    def name(self) -> str:
        return self.script.partition("_")[2]

    @property
    def said(self) -> list[str]:
        """Return what kerascrash told the user, with the time it was told at."""
        text = (self.folder / "err.txt").read_text(errors="replace")
        return [row for row in text.splitlines() if row.startswith("kerascrash:")]

    @property
    def error(self) -> str:
        rows = (self.folder / "err.txt").read_text(errors="replace").splitlines()
        return "" if self.status in (0, 9) else " ".join(rows[-1:])


def run_all(runs: list[Run], at_once: int = AT_ONCE) -> Iterator[Run]:
    """Run some at once; yield each when it is over."""
    import keras  # noqa: F401 - once for all
    import tensorflow  # noqa: F401

    waiting, live = list(reversed(runs)), dict[int, tuple[Run, float]]()
    while waiting or live:
        while waiting and len(live) < at_once:
            run = waiting.pop()
            live[_start(run)] = (run, time.monotonic())
        pid, status = os.wait()
        run, began = live.pop(pid)
        run.seconds, run.status = time.monotonic() - began, status
        for mount in _MOUNTS:
            remove_cgroup(Path(mount) / f"kerascrash-demo-{pid}")
        yield run


class Forked(BaseException):
    """Raised in the child, so that it runs its script with none of our frames below."""


def _start(run: Run) -> int:
    pid = os.fork()
    if not pid:
        raise Forked(run.script, run.settings, run.limit, str(run.folder))
    return pid


def play(script: str, settings: dict[str, str], limit_bytes: int, folder: str) -> None:
    """Run one script in this process, which ends with it."""
    try:
        os.nice(5)
        os.chdir(folder)
        for number, name in ((1, "out.txt"), (2, "err.txt")):
            os.dup2(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_APPEND), number)
        if limit_bytes:
            limit = find_limit(limit_bytes)
            if limit.prepare:
                limit.prepare()
        os.environ.update(settings, KERASCRASH_DIR=f"{folder}/dumps")
        path = str(SCRIPTS / f"{script}.py")
        sys.argv, sys.path[0] = [path], str(SCRIPTS)
        runpy.run_path(path, run_name="__main__")
        sys.stdout.flush()
        os._exit(0)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)


def read_holdings(run: Run) -> tuple[list[Holding], list[str]]:
    """Return what the inventory lists, and the owners that would be blamed."""
    dumps = sorted((run.folder / "dumps").glob("*.bin"))
    if not dumps:
        return [], []
    case = read_case(dumps[-1])
    blamed = [kept.holding.owner for kept in leaks(case)]
    return list(holdings_of(recording_of(case))), blamed


def judge_leak(run: Run) -> dict[str, Any]:
    """Return whether the leak is named with its line, its rate, and what else is."""
    held, blamed = read_holdings(run)
    text = (SCRIPTS / f"{run.script}.py").read_text().splitlines()
    line = next(n for n, row in enumerate(text, 1) if "# LEAK" in row)
    rows = [one for one in held if one.place and one.place.line == line]
    rows = [
        one for one in rows if one.place and one.place.file.endswith(run.script + ".py")
    ]
    found = [one for one in rows if (one.growth_per_step or 0) > 0]
    named = [one for one in held if "kept" in one.owner]
    rate = found[0].growth_per_step if found else None
    others = [o for o in blamed if not any(o == one.owner for one in found)]
    return {
        "variant": run.name,
        "kind": run.settings["LEAK_KIND"],
        "bytes": int(run.settings["LEAK_BYTES"]),
        "found": bool(found),
        "owner": found[0].owner if found else [one.owner for one in named][:2],
        "rate": rate,
        "steps_of_history": len(found[0].history) if found else 0,
        "others": others,
        "error": run.error,
    }


def campaign_of_leaks(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    variants = sorted(p.stem for p in SCRIPTS.glob("planted_*.py"))
    chosen = [v for v in variants if arguments.only in v]
    rates = [RATES[name] for name in arguments.rates or RATES]
    runs = [
        Run(script, _settings(kind, rate))
        for rate, kind, script in itertools.product(rates, arguments.kinds, chosen)
    ]
    return [_tell(judge_leak(run), run) for run in run_all(runs, arguments.at_once)]


def campaign_of_healthy(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    # Long enough for a dozen looks: of three, one in six sees a saw-tooth only rise.
    settings = _settings("tensors", 1_000_000, steps=500)
    runs = [
        Run(script, dict(settings))
        for script in sorted(p.stem for p in SCRIPTS.glob("healthy_*.py"))
        if arguments.only in script
    ]
    rows = []
    for run in run_all(runs, arguments.at_once):
        _, blamed = read_holdings(run)
        row = {"healthy": run.name, "blamed": blamed, "error": run.error}
        rows.append(_tell(row, run))
    return rows


def campaign_of_warnings(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Leaks of several rates die of a limit; healthy runs last some minutes."""
    step_s = 0.25
    runs = [
        Run("planted_attribute", _settings("tensors", rate, 100_000, step_s), LIMIT)
        for rate in (5_000_000, 2_500_000, 1_000_000, 500_000)
        if arguments.only in "planted"
    ]
    runs += [
        Run(script, _settings("tensors", 1_000_000, int(150 / step_s), step_s), LIMIT)
        for script in sorted(p.stem for p in SCRIPTS.glob("healthy_*.py"))
        if arguments.only in script
    ]
    for run in runs:
        run.settings["END"] = ""
    rows = []
    for run in run_all(runs, arguments.at_once):
        row: dict[str, Any] = {"run": run.name, "seconds": round(run.seconds)}
        row["mb_per_s"] = int(run.settings["LEAK_BYTES"]) / step_s / 1e6
        row["said"], row["error"] = run.said, run.error
        rows.append(_tell(row, run))
    return rows


def _settings(
    kind: str, rate: int, steps: int = 200, step_s: float = 0.04
) -> dict[str, str]:
    return {
        "LEAK_KIND": kind,
        "LEAK_BYTES": str(rate),
        "STEPS": str(steps),
        "STEP_S": str(step_s),
        "END": "kill",
        "KERASCRASH_WATCHER": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def _tell(row: dict[str, Any], run: Run) -> dict[str, Any]:
    print(json.dumps(row), flush=True)
    if os.environ.get("KEEP"):
        print(run.folder, flush=True)
    else:
        shutil.rmtree(run.folder, ignore_errors=True)
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """Return the table of README: leaks named, of those planted, by kind and rate."""
    names = {size: name for name, size in RATES.items()}
    lines = [
        "| per step | " + " | ".join(KINDS) + " |",
        "| --- |" + " ---: |" * len(KINDS),
    ]
    for size in sorted({row["bytes"] for row in rows}):
        cells = []
        for kind in KINDS:
            some = [r for r in rows if r["bytes"] == size and r["kind"] == kind]
            cells.append(f"{sum(r['found'] for r in some)} of {len(some)}")
        lines.append(f"| {names[size]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("what", choices=("leaks", "healthy", "warning"))
    parser.add_argument("--only", default="", help="part of a script's name")
    parser.add_argument("--rates", nargs="*", choices=list(RATES))
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=list(KINDS))
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    arguments = parser.parse_args()
    if arguments.what == "leaks":
        print(table(campaign_of_leaks(arguments)))
    elif arguments.what == "healthy":
        rows = campaign_of_healthy(arguments)
        print(f"blamed: {sum(bool(row['blamed']) for row in rows)} of {len(rows)}")
    else:
        campaign_of_warnings(arguments)


if __name__ == "__main__":
    orders: tuple[Any, ...] = ()
    try:
        main()
    except Forked as forked:
        orders = forked.args
    if orders:
        play(*orders)
