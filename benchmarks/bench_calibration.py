"""
Whether a confidence is a frequency: of answers given with 90 %, are 90 % right?

    python benchmarks/bench_calibration.py [--cases FOLDER]

FOLDER holds labelled cases as JSON (exit, stderr, kernel_log, other, platform, and
label.accept); default: ../shared/cases beside the checkout, else the cases of the
tests. Prints the reliability table, expected calibration error (ten bins), Brier score,
the share that is right when it is sure, and what guessing by exit status and `grep`
would have got.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerascrash.collect.left_behind import make_case
from kerascrash.collect.log_text import make_logs
from kerascrash.diagnose import diagnose

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "cases"
OWN = ROOT / "tests" / "cases"
SURE = 0.8
_KINDS = (("stderr", "stderr"), ("kernel_log", "kernel"), ("other", "system"))
_GREP = (
    ("out of memory: kill|oom-kill|oomkilled", "host_oom_global"),
    ("resource_?exhausted|out_of_memory|oom when allocating", "gpu_oom"),
    ("bad_alloc|memoryerror|unable to allocate", "alloc_failure"),
    ("illegal (hardware )?instruction", "illegal_instruction"),
    ("no space left", "disk_full"),
    ("too many open files", "fd_limit"),
    ("check failed", "native_abort_check"),
    ("segmentation fault|segfault", "native_segfault"),
    ("bus error", "bus_error_shm"),
    ("keyboardinterrupt", "user_interrupt"),
    (r"\bkilled\b", "host_oom_global"),
)
_BY_STATUS = {
    "137": "host_oom_global", "sigkill": "host_oom_global",
    "139": "native_segfault", "sigsegv": "native_segfault",
    "134": "native_abort_check", "sigabrt": "native_abort_check",
    "132": "illegal_instruction", "sigill": "illegal_instruction",
    "136": "fpe", "sigfpe": "fpe", "135": "bus_error_shm", "sigbus": "bus_error_shm",
    "143": "termination_signal", "sigterm": "termination_signal",
    "130": "user_interrupt", "sigint": "user_interrupt",
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What was said of one case, and whether it, or plain guessing, was right."""

    confidence: float
    right: bool
    guessed_right: bool


def read_cases(folder: Path) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Yield each case with the causes that are right."""
    for path in sorted(folder.glob("*.json")):
        case = json.loads(path.read_text(encoding="utf-8"))
        yield case, case["label"]["accept"]
    for path in sorted(folder.glob("*/*.toml")):
        case = tomllib.loads(path.read_text(encoding="utf-8"))
        case["other"] = case.get("log", [])
        yield case, case.get("expect") or case["expect_instead"]


def answer(case: dict[str, Any], accept: list[str]) -> Answer:
    """Judge one case as `kerascrash explain` does."""
    logs = [
        log for key, kind in _KINDS for log in make_logs(case.get(key, []), kind, key)
    ]
    status = None if case.get("exit") is None else str(case["exit"])
    verdict = diagnose(make_case(logs, status, case["platform"])).verdict
    return Answer(verdict.confidence, verdict.cause in accept, guess(case) in accept)


def guess(case: dict[str, Any]) -> str:
    """Return what the last line, grep and the exit status say."""
    kept = [*case.get("stderr", [])[-1:], *case.get("kernel_log", []), *case["other"]]
    text = " ".join(kept).lower()
    found = next((cause for pattern, cause in _GREP if re.search(pattern, text)), None)
    status = str(case.get("exit") or "").lower()
    return found or _BY_STATUS.get(status, "python_exception")


def table(answers: list[Answer]) -> Iterator[str]:
    """Yield the reliability table and the figures under it."""
    bins: dict[int, list[Answer]] = defaultdict(list)
    for one in answers:
        bins[min(9, int(one.confidence * 10))].append(one)
    yield "| said | cases | mean confidence | right |"
    yield "| --- | ---: | ---: | ---: |"
    error = 0.0
    for number, inside in sorted(bins.items()):
        said = sum(one.confidence for one in inside) / len(inside)
        right = sum(one.right for one in inside) / len(inside)
        error += len(inside) / len(answers) * abs(said - right)
        row = f"{10 * number}-{10 * number + 10} %"
        yield f"| {row} | {len(inside)} | {said:.0%} | {right:.0%} |"
    total = len(answers)
    brier = sum((one.confidence - one.right) ** 2 for one in answers) / total
    sure = [one.right for one in answers if one.confidence >= SURE]
    yield ""
    yield (
        f"{total} cases: {sum(a.right for a in answers) / total:.1%} right, guessing "
        f"{sum(a.guessed_right for a in answers) / total:.1%}; calibration error "
        f"{error:.3f}, Brier {brier:.3f}; where sure (80 % and more), "
        f"{sum(sure) / max(len(sure), 1):.1%} of {len(sure)} right."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument(
        "--cases", type=Path, default=SHARED if SHARED.is_dir() else OWN
    )
    options = parser.parse_args()
    answers = [answer(case, accept) for case, accept in read_cases(options.cases)]
    print("\n".join(table(answers)))


if __name__ == "__main__":
    main()
