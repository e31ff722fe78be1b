"""The first advice fits this very end, not every end of its kind."""

from __future__ import annotations

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
    ("how", "word"), [("os._exit", "os._exit"), ("", "faulthandler")]
)
def test_a_line_that_leaves_is_named(training: Training, how: str, word: str) -> None:
    builder = training(exit=ExitStatus(code=3, known_by="pidfd")).runs(8, step=9)
    if how:
        builder.at_line("            os._exit(3)").event(20, "exit", status=3, how=how)
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


def test_where_it_stood_comes_before_how_to_look_next_time() -> None:
    case = load_case(str(SAMPLES / "hang" / "dump.bin.gz"))
    verdict = diagnose(case).verdict
    assert verdict.cause == "hang"
    assert "`train.py:28`" in verdict.advice[0].action
