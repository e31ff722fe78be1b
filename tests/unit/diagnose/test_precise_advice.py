"""The first advice fits this very end, not every end of its kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kerascrash.collect.dump_case import load_case
from kerascrash.diagnose import diagnose
from kerascrash.model.case import ExitStatus, Log, LogLine

SAMPLES = Path(__file__).resolve().parents[3] / "sample_dumps"
Training = Callable[..., Any]


def first_advice(builder: Any) -> str:
    action: str = diagnose(builder.build()).verdict.advice[0].action
    return action


@pytest.mark.parametrize(("signal", "word"), [(1, "nohup"), (15, "checkpoints")])
def test_a_closed_terminal_is_no_time_limit(
    training: Training, signal: int, word: str
) -> None:
    ended = ExitStatus(signal=signal, known_by="pidfd")
    assert word in first_advice(training(exit=ended).runs(8, step=9))


@pytest.mark.parametrize(
    ("how", "word"),
    [("os._exit", "os._exit"), ("sys.exit", "own will"), ("", "faulthandler")],
)
def test_a_line_that_leaves_is_named(training: Training, how: str, word: str) -> None:
    builder = training(exit=ExitStatus(code=3, known_by="pidfd")).runs(8, step=9)
    if how:
        builder.at_line(f"            {how}(3)").event(20, "exit", status=3, how=how)
    assert word in first_advice(builder)


@pytest.mark.parametrize(
    ("source", "factor"),
    [
        ("    self.logs.append(open('batches.log', 'a'))", "none"),
        ("    for batch in loader:", "input_pipeline"),
    ],
)
def test_files_that_the_script_opens_are_not_the_pipelines(
    training: Training, source: str, factor: str
) -> None:
    builder = training(exit=ExitStatus(code=1, known_by="pidfd")).runs(8, step=9)
    where = {"file": "/home/ada/train.py", "line": 7, "function": "main",
             "excerpt": [[7, source]]}  # fmt: skip
    builder.event(20, "exception", type="OSError", thread="MainThread", place=where,
                  message="[Errno 24] Too many open files: 'a'")  # fmt: skip
    case = builder.build()
    told = LogLine(1, "OSError: [Errno 24] Too many open files: 'a'", None)
    diagnosis = diagnose(replace(case, logs=(Log("stderr", "train.err", (told,)),)))
    assert (diagnosis.verdict.cause, diagnosis.verdict.factor) == ("fd_limit", factor)
    assert diagnosis.verdict.advice[0].action.startswith("Close what is opened")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("Check failed: num_threads >= 1 (-1 vs. 1)", "`num_threads` -1"),
        ("Check failed: 1 == NumElements() (1 vs. 2)", "`NumElements()` 2"),
        ("Check failed: d < dims() (3 vs. 3)", "`d` 3"),
        ("Check failed: cuda_ok", "Read the message"),
        ("Check failed: status is OK (INTERNAL: no)", "Read the message"),
    ],
)
def test_a_check_that_prints_both_sides_names_what_is_wrong(
    training: Training, line: str, told: str
) -> None:
    case = training(exit=ExitStatus(signal=6, known_by="pidfd")).build()
    text = f"2026-01-05 10:00:00.1: F tensorflow/core/x.cc:733] {line}"
    log = Log("stderr", "dump:stderr", (LogLine(7, text, None),))
    verdict = diagnose(replace(case, logs=(*case.logs, log))).verdict
    assert verdict.cause == "native_abort_check"
    assert told in verdict.advice[0].action


THREADS = "Check failed: num_threads >= 1 (-1 vs. 1)"


@pytest.mark.parametrize(
    ("source", "line", "told"),
    [
        ("tf.config.threading.set_intra_op_parallelism_threads(-1)", THREADS,
         "Give `set_intra_op_parallelism_threads` another value than -1 (train.py:7)"),
        ("pool(threads=-1, x=2)", THREADS, "Give `threads` another value"),
        ("threads = -1", THREADS, "Give `threads` another value"),
        # another value, another name, a value that is computed
        ("set_intra_op_parallelism_threads(4)", THREADS, "Find what makes"),
        ("tf.reduce_mean(x, axis=-1)", THREADS, "Find what makes"),
        ("set_threads(len(x) -1)", THREADS, "Find what makes"),
        ("set_num(-1)", THREADS, "Find what makes"),
    ],
)  # fmt: skip
def test_who_gave_the_value_that_failed_a_check(
    training: Training, source: str, line: str, told: str
) -> None:
    where = {"file": "/home/ada/train.py", "line": 9, "function": "main",
             "excerpt": [[7, source], [8, ""], [9, "build()"]]}  # fmt: skip
    builder = training(exit=ExitStatus(signal=6, known_by="pidfd"))
    case = builder.event(9, "stage_begin", stage="BUILD", where=where).build()
    log = Log(
        "stderr", "dump:stderr", (LogLine(7, f"F tensorflow/x.cc:7] {line}", None),)
    )
    first = diagnose(replace(case, logs=(*case.logs, log))).verdict.advice[0]
    assert first.action.startswith(told)
    assert (first.place is not None) == told.startswith("Give")


def test_two_lines_that_may_have_given_a_value_are_not_blamed(
    training: Training,
) -> None:
    rows = [[7, "set_inter_threads(-1)"], [8, "set_intra_threads(-1)"], [9, "build()"]]
    where = {"file": "/home/ada/train.py", "line": 9, "excerpt": rows}
    builder = training(exit=ExitStatus(signal=6, known_by="pidfd"))
    case = builder.event(9, "stage_begin", stage="BUILD", where=where).build()
    log = Log("stderr", "dump:stderr", (LogLine(7, f"F x.cc:7] {THREADS}", None),))
    verdict = diagnose(replace(case, logs=(*case.logs, log))).verdict
    assert verdict.advice[0].action.startswith("Find what makes")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("[Errno 28] No space left on device", "no space was left on a disk while"),
        ("[Errno 122] Disk quota exceeded", "the disk quota was used up while"),
    ],
)
def test_a_full_disk_is_told_from_a_quota_and_where_it_is(
    message: str, said: str
) -> None:
    case = load_case(str(SAMPLES / "disk_full" / "dump.bin.gz"))
    marks = tuple(
        replace(one, data={**one.data, "message": message})
        if one.kind == "exception"
        else one
        for one in case.recording.marks
    )
    recording = replace(case.recording, marks=marks)
    verdict = diagnose(replace(case, recording=recording, logs=())).verdict
    assert verdict.cause == "disk_full"
    assert said in verdict.summary
    assert (
        "epoch-008.keras was being written to /srv/training/shared" in verdict.summary
    )
    assert "7 checkpoints before it take 22.6 MiB of the 24.0 MiB" in verdict.summary
    assert verdict.advice[0].action.startswith("Keep fewer checkpoints")
    assert "`/srv/training/shared`" in verdict.advice[0].detail
    assert len(verdict.advice) == 1
    unsaved = tuple(one for one in marks if one.kind != "checkpoint")
    recording = replace(case.recording, marks=unsaved)
    verdict = diagnose(replace(case, recording=recording, logs=())).verdict
    assert verdict.advice[0].action.startswith("Make room in `/srv/training/shared`")
    unseen = tuple(one for one in unsaved if one.data.get("ok") is not False)
    recording = replace(case.recording, marks=unseen)
    verdict = diagnose(replace(case, recording=recording, logs=())).verdict
    assert verdict.advice[0].action.startswith("Make room, or write")


def test_checkpoints_are_not_blamed_for_what_others_fill() -> None:
    """The disk of the sample, and the same checkpoints on one of 500 GiB."""
    case = load_case(str(SAMPLES / "disk_full" / "dump.bin.gz"))
    verdict = diagnose(case).verdict
    assert "take 22.6 MiB of the 24.0 MiB there" in verdict.summary
    marks = tuple(
        replace(one, data={**one.data, "total": 500 << 30})
        if one.kind == "checkpoint"
        else one
        for one in case.recording.marks
    )
    recording = replace(case.recording, marks=marks)
    verdict = diagnose(replace(case, recording=recording)).verdict
    assert verdict.cause == "disk_full"
    assert "take 22.6 MiB of the 500.0 GiB there" in verdict.summary
    assert verdict.advice[0].action.startswith("Make room in `/srv/training/shared`")
    assert "Other files fill it" in verdict.advice[0].detail


def test_a_failed_check_is_not_laid_to_a_model_of_a_few_mib() -> None:
    case = load_case(str(SAMPLES / "tf_check" / "dump.bin.gz"))
    verdict = diagnose(case).verdict
    assert (verdict.cause, verdict.second_factor) == ("native_abort_check", "none")
    assert not any("Shrink" in one.action for one in verdict.advice)


def test_where_it_stood_comes_before_how_to_look_next_time() -> None:
    case = load_case(str(SAMPLES / "hang" / "dump.bin.gz"))
    verdict = diagnose(case).verdict
    assert verdict.cause == "hang"
    assert "`weights_lock` and `log_lock` in the same order" in verdict.advice[0].action
    assert "`train.py:28`" in verdict.advice[0].detail
    alone = replace(
        case.recording, stacks={"threads": case.recording.stacks["threads"][:1]}
    )
    verdict = diagnose(replace(case, recording=alone)).verdict
    assert verdict.cause == "hang"
    assert "`train.py:28`" in verdict.advice[0].action


@pytest.mark.parametrize(
    ("op", "words", "example"),
    [
        ("shuffle", "Make the buffer smaller: `shuffle(", r"\.shuffle\(\d{3,4}\)"),
        ("prefetch", "`prefetch(2)` fits", r"\.prefetch\(2\)"),
        ("cache", "Cache to a file", r"\.cache\(path\)"),
    ],
)
def test_a_full_buffer_is_told_what_helps_it(
    training: Training, op: str, words: str, example: str
) -> None:
    builder = training(seconds=10).grows((3, 400), (10, 1530)).runs(4, step=0)
    row = {
        "op": op,
        "bytes": 2000 << 20,
        "buffer": None if op == "cache" else 4000,
        "element_bytes": 500_000,
        "place": {"file": "/home/ada/train.py", "line": 9, "function": "main"},
    }
    case = builder.dies_of_limit().build()
    pipelines = {"pipelines": [{"ops": [row]}]}
    case = replace(case, recording=replace(case.recording, pipelines=pipelines))
    verdict = diagnose(case).verdict
    assert verdict.factor == "input_pipeline"
    assert words in verdict.advice[0].action
    assert re.fullmatch(example, verdict.advice[0].example)
    assert (verdict.advice[0].saves_bytes or 0) > 300 << 20
    others = [one.action for one in verdict.advice[1:]]
    assert not any(re.search(r"(?i)cache|shuffle|prefetch", one) for one in others)


@pytest.mark.parametrize(
    ("line", "precise"), [("t.start()", True), ("model.fit(x, y)", False)]
)
def test_a_line_that_starts_threads_is_told_to_end_them(
    training: Training, line: str, precise: bool
) -> None:
    raised = {"type": "RuntimeError", "message": "can't start new thread"}
    place = {"file": "/home/ada/train.py", "line": 20, "function": "main", "user": True}
    builder = training(exit=ExitStatus(code=1, known_by="pidfd")).runs(8, step=132)
    builder.at_line(f"    {line}").event(
        20, "exception", **raised, frames=[place | {"source": f"    {line}"}]
    )
    action = first_advice(builder)
    assert ("executor again" in action) is precise


@pytest.mark.parametrize(
    ("type_", "kind", "word"),
    [
        ("_lru_cache_wrapper", "results of lru_cache", "lru_cache(maxsize"),
        ("Queue", "Queue", "queue.Queue(maxsize"),
        ("dict", "dict of 270 ndarray", "Stop keeping"),
    ],
)
def test_a_cache_is_told_to_be_bounded(
    training: Training, type_: str, kind: str, word: str
) -> None:
    builder = training().grows((10, 400), (20, 1530)).runs(4, step=280)
    builder.holds_list(
        "load",
        4_000_000,
        [9, 90, 180, 270],
        element={"type": "ndarray" if type_ == "dict" else ""},
        type=type_,
        kind=kind,
        dtypes={"float32": 1_080_000_000},
    )
    advice = diagnose(builder.dies_of_limit().build()).verdict.advice
    assert word in advice[0].action
    bounds = [one for one in advice if one.action.startswith("Bound")]
    assert len(bounds) == 1
    kept = [one for one in advice if one.action.startswith("What must be kept")]
    assert bool(kept) is (type_ != "_lru_cache_wrapper")


def test_a_fork_refused_to_others_says_nothing_of_a_kill_for_memory(
    training: Training,
) -> None:
    """Its group was not known to be another's, and every factor became the pipeline."""
    builder = training().grows((5, 400), (20, 1500)).dies_of_limit()
    alone = diagnose(builder.build()).verdict
    builder.kernel_lines.append("cgroup: fork rejected by pids controller in /build/7")
    beside = diagnose(builder.build()).verdict
    assert beside.cause == "host_oom_cgroup"
    assert (beside.factor, beside.second_factor) == (alone.factor, alone.second_factor)
