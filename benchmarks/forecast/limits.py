"""
Really run configurations under memory limits near their peaks, and keep what came.

    python benchmarks/forecast/limits.py FOLDER [COUNT] [STEPS]

FOLDER is one that ``measure.py`` filled; COUNT configurations of it (12) are drawn with
a fixed seed, the same number of each half. Each runs unarmed in a memory cgroup of 0.7
to 1.5 times what its own peak charges: resident bytes less pages of files, which the
kernel gives up first. What came is appended to ``FOLDER/limits.jsonl``, and what is
there is not run again; ``evaluate.py`` holds the forecast's word against it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from measure import HERE, TUNED_ON, key_of

from kerascrash.cli.demo.limits import find_limit
from kerascrash.collect.dump_case import load_case
from kerascrash.estimate.resident import last_reading

SHARES = (0.95, 1.05, 0.85, 1.2, 0.7, 1.5)
"""Of the true peak; the hardest first."""
LONGEST_SECONDS = 3600
SEED = 5


def charged_peak(run: dict[str, Any], folder: Path) -> int:
    """Return what a limit counts of a run's peak, in bytes."""
    mapped = run.get("mapped")
    if mapped is None:
        case = load_case(str(folder / f"{key_of(run)}.bin.gz"))
        mapped = last_reading(case, "file") or 0
    return int(run["peak"]) - int(mapped)


def drawn(folder: Path, count: int) -> list[dict[str, Any]]:
    """Return the configurations to run, those of both halves in turn."""
    runs = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    random.Random(SEED).shuffle(runs)
    held = [run for run in runs if run["name"] not in TUNED_ON]
    tuned = [run for run in runs if run["name"] in TUNED_ON]
    pairs = zip(held[: count // 2], tuned[: count // 2], strict=False)
    return [run for pair in pairs for run in pair]


def survives(script: str, words: list[str], limit_bytes: int, **settings: str) -> bool:
    """Tell whether a script of this folder ends well in a cgroup of that size."""
    limit = find_limit(limit_bytes)
    if limit.changes:
        raise SystemExit("no memory cgroup can be made here")
    argv = [sys.executable, str(HERE / script), *words]
    environment = {
        **os.environ,
        "PYTHONPATH": str(HERE.parents[1]),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        **settings,
    }
    try:
        done = subprocess.run(
            limit.wrap(argv), env=environment, preexec_fn=limit.prepare,
            capture_output=True, check=False, timeout=LONGEST_SECONDS,
        )  # fmt: skip
    finally:
        limit.clean_up()
    if done.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(done.stderr.decode()[-500:])
    return done.returncode == 0


def main() -> None:
    folder = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    steps = sys.argv[3] if len(sys.argv) > 3 else "30"
    kept = folder / "limits.jsonl"
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    known = {(row["key"], row["share"]) for row in map(json.loads, lines)}
    for run in drawn(folder, count):
        for share in SHARES:
            key = key_of(run)
            if (key, share) in known:
                continue
            limit = int(share * charged_peak(run, folder))
            words = [str(run[name]) for name in ("name", "optimizer", "mode", "batch")]
            ran = survives("train_one.py", [*words, steps], limit, KERASCRASH="0")
            row = {"key": key, "share": share, "limit": limit, "ran": ran}
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(row, flush=True)


if __name__ == "__main__":
    main()
