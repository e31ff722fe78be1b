"""Advice says a thing once: with its figure where there is one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kerascrash.collect.dump_case import load_case
from kerascrash.diagnose import diagnose
from kerascrash.diagnose.advice_levers import lever_of, without_repeats
from kerascrash.factors import load_factors
from kerascrash.model.case import ExitStatus
from kerascrash.model.evidence import Unavailable
from kerascrash.model.verdict import Advice

SAMPLES = Path(__file__).resolve().parents[3] / "sample_dumps"
MIB = 1 << 20


def remedies(factor: str) -> list[Advice]:
    rule = next(rule for rule in load_factors() if rule.id == factor)
    return [Advice(text) for text in rule.remedies]


@pytest.mark.parametrize(
    ("factor", "sized", "left"),
    [
        ("batch_size", "Use batch_size=112 instead of 512.", 2),
        ("batch_size", "Halve the batch until it fits.", 2),
        ("dtype", "Make `images` float32 instead of float64.", 0),
        ("tensor_leak", "Stop keeping every element in `history`.", 2),
        ("data_size", "Stream `images` from disk, one batch at a time.", 0),
        ("model_size", "Shrink layer `mix` (Dense).", 2),
        ("model_size", "Replace Adam by one with fewer slots (SGD, Lion).", 2),
        ("tensor_ops", "Compute `MatMul` in chunks.", 1),
    ],
)
def test_what_is_sized_replaces_the_general_words(
    factor: str, sized: str, left: int
) -> None:
    general = remedies(factor)
    kept = without_repeats(general, [Advice(sized, saves_bytes=MIB)], sized=True)
    if factor == "data_size":  # what is not the same lever stays
        assert [one.action for one in kept] == [general[2].action]
    else:
        assert len(kept) == left
    assert {lever_of(one.action) for one in kept} & {lever_of(sized)} in (set(), {""})


def test_a_name_of_the_user_is_no_lever() -> None:
    said = [Advice("Stop keeping every element in `batch_float32`.", saves_bytes=MIB)]
    general = remedies("batch_size") + remedies("dtype")
    assert without_repeats(general, said) == general


def test_alternatives_of_one_rule_stay_together() -> None:
    assert without_repeats(remedies("dtype"), []) == remedies("dtype")


def test_a_list_of_levers_is_for_those_without_a_figure() -> None:
    general = [Advice("Use less memory at once: a smaller batch, fewer workers.")]
    assert without_repeats(general, [Advice("Do this.")]) == general
    assert without_repeats(general, [Advice("Do this.")], sized=True) == []


@pytest.mark.parametrize(
    "name", ["batch_too_large", "data_too_large", "model_too_large", "list_leak_cgroup"]
)
def test_no_real_death_is_told_the_same_twice(name: str) -> None:
    advice = diagnose(load_case(SAMPLES / name / "dump.bin.gz")).verdict.advice
    levers = [lever for one in advice if (lever := lever_of(one.action))]
    assert advice[0].saves_bytes
    assert len(levers) == len(set(levers)), levers


def test_what_a_batch_needs_is_told_as_its_limit_counts_it() -> None:
    """Pages of files are resident and charged to nobody: 1.8 GiB in 1.5 GiB puzzled."""
    case = load_case(SAMPLES / "batch_too_large" / "dump.bin.gz")
    first = diagnose(case).verdict.advice[0]
    assert first.action == "Use batch_size=112 instead of 512."
    assert first.detail.startswith("It needs about 1.5 GiB of the 1.5 GiB allowed")


def test_an_array_that_was_refused_is_not_taken_for_a_file() -> None:
    advice = diagnose(
        load_case(SAMPLES / "alloc_failure" / "dump.bin.gz")
    ).verdict.advice
    assert advice[0].action.startswith("Do not make `distances` whole")
    assert not [one for one in advice if one.action.startswith("Stream")]


@pytest.mark.parametrize(
    ("status", "same_boot", "asked"),
    [
        (None, True, True),
        (None, False, False),
        (ExitStatus(signal=11, known_by="given"), True, False),
    ],
)
def test_a_death_that_left_no_trace_is_settled_by_its_status(
    training: Any, status: ExitStatus | None, same_boot: bool, asked: bool
) -> None:
    unseen = Unavailable("exit status", "nobody saw how the process ended")
    builder = training(exit=status or unseen, certificate=None)
    case = replace(builder.runs(4, epoch=0, step=24).build(), same_boot=same_boot)
    diagnosis = diagnose(case)
    first = diagnosis.verdict.advice[0].action
    command = f"`kerascrash report {case.recording.source} --exit STATUS`"
    assert (command in first) is asked
    if asked:
        assert diagnosis.verdict.cause == "unknown"
        assert diagnosis.causes[1].id in ("native_segfault", "external_kill")
