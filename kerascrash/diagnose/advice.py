"""What to do, ranked: what the evidence sizes comes first, general remedies after."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection

from kerascrash.diagnose.advice_cause import cause_advice
from kerascrash.diagnose.advice_device import device_advice
from kerascrash.diagnose.advice_found import found_advice
from kerascrash.diagnose.advice_leak import CACHE
from kerascrash.diagnose.advice_levers import without_repeats
from kerascrash.diagnose.advice_memory import sized_advice
from kerascrash.diagnose.advice_ops import may_broadcast
from kerascrash.diagnose.summary import WORKERS_KILLED
from kerascrash.estimate.device_memory import exhausted_pool
from kerascrash.estimate.pipelines import pipeline_ops
from kerascrash.estimate.timeline import recording_of
from kerascrash.estimate.workers import spawned
from kerascrash.model.case import Case, ExitStatus
from kerascrash.model.rules import Rule
from kerascrash.model.verdict import Advice, Culprit

_MOST = 8
_ABOUT_BATCH = re.compile(r"\bbatch(?:es|_size)?\b", re.IGNORECASE)

_ABOUT_MALLOC = re.compile(r"LD_PRELOAD|MALLOC_")
_ABOUT_TRACES = re.compile(r"Python numbers|shapes the same|before building the next")
_ABOUT_OPS = {
    "cache": re.compile(r"\.cache\("),
    "shuffle": re.compile(r"\bshuffle\b"),
}
_ABOUT_KEEPING = re.compile(r"^(?:Keep a number|What must be kept)")
_ABOUT_SHAPES = re.compile(r"\bbroadcasts?\b")
_ABOUT_SPAWN = re.compile(r"\bspawn\b")
_ABOUT_TIME = re.compile(r"^Ask for more time")
_ABOUT_CARD = re.compile(r"\b(?:gpu|nvidia|card)", re.IGNORECASE)


def advise(
    case: Case,
    rules: tuple[Rule, ...],
    cause: str,
    factor: str,
    second: str,
    culprit: Culprit | None,
    findings: Collection[str] = (),
) -> tuple[Advice, ...]:
    """
    Return advice, best first.

    ``rules`` are those of the cause and the factors, in the order of their remedies,
    which follow the sized ones unless these, or a rule before, pull at the same lever
    already. ``findings`` are the ids of those that speak for the verdict.
    """
    advice = _status_first(case) if cause == "unknown" else []
    found = found_advice(case, cause)
    advice += found or cause_advice(cause, findings, culprit)
    advice += device_advice(case, factor, culprit) or sized_advice(
        case, factor, culprit
    )
    advice += without_repeats(sized_advice(case, second, None), advice)
    beside = _beside_the_point(case, factor, second)
    if WORKERS_KILLED in findings:
        beside.append(_ABOUT_TIME)
    if culprit is not None and culprit.kind.endswith(" models"):
        beside.append(_ABOUT_TRACES)
    if culprit is not None and CACHE in culprit.kind:
        beside.append(_ABOUT_KEEPING)
    sized = any(one.saves_bytes for one in advice)
    for rule in rules:
        if found and rule.id == cause:
            continue
        general = [Advice(remedy) for remedy in rule.remedies]
        general = [a for a in general if not any(b.search(a.action) for b in beside)]
        advice += without_repeats(general, advice, sized=sized)
    return tuple(advice[:_MOST])


def _status_first(case: Case) -> list[Advice]:
    """A signal leaves no trace in a dump; whoever started the process saw it."""
    recording = recording_of(case)
    if recording is None or isinstance(case.exit, ExitStatus):
        return []
    if recording.state != "recording" or case.same_boot is False:
        return []
    dump = shlex.quote(recording.source)
    return [
        Advice(
            "Give the exit status that the shell, the container or the scheduler "
            f"showed: `kerascrash report {dump} --exit STATUS`.",
            "Right after the death `$?` has it. 139 is a segmentation fault, 134 an "
            "abort, 135 a bus error, 136 an arithmetic fault, 132 an illegal "
            "instruction, 137 a kill, 143 a request to stop.",
        )
    ]


def _beside_the_point(case: Case, factor: str, second: str) -> list[re.Pattern[str]]:
    """
    Return what general remedies must not speak of.

    A smaller batch only where the batch is to blame; nothing about a card where
    TensorFlow's pool on the CPU ran out, nothing about the C library's allocator
    where any such pool did; no op that no pipeline has; no shapes where
    nothing is put together; no start method that the workers have.
    """
    pool = exhausted_pool(case)
    about = []
    if "batch_size" not in (factor, second) and factor != "none":
        about.append(_ABOUT_BATCH)
    pipelines = pipeline_ops(recording_of(case))
    used = {op.op for ops in pipelines for op in ops}
    if pipelines:
        about += [words for op, words in _ABOUT_OPS.items() if op not in used]
    if not may_broadcast(case):
        about.append(_ABOUT_SHAPES)
    if spawned(case):
        about.append(_ABOUT_SPAWN)
    if pool is not None:
        about.append(_ABOUT_MALLOC)
        if pool.device == "host":
            about.append(_ABOUT_CARD)
    return about
