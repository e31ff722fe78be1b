"""Sections fit at every size, and a slot has one place."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerascrash.dump import geometry
from kerascrash.dump.layout import (
    DEFAULT_SIZE,
    LARGEST_SIZE,
    SMALLEST_SIZE,
    SUPERBLOCK_SIZE,
    WORKER_SIZE,
    SectionEntry,
)
from kerascrash.dump.records import BLOB_NAMES

WEEK = 7 * 24 * 3600


def coarse(size: int) -> SectionEntry:
    return next(e for e in geometry.plan_sections(size) if e.section == "coarse")


@given(st.integers(SMALLEST_SIZE, LARGEST_SIZE))
def test_sections_lie_side_by_side_within_the_file(size: int) -> None:
    end = 2 * SUPERBLOCK_SIZE
    entries = geometry.plan_sections(size)
    for entry in entries:
        assert entry.offset == end
        assert entry.room >= 8 * len(entry.fields)
        assert entry.slots > entry.kept >= 0
        end = entry.offset + entry.size
    assert size * 0.95 < end <= size
    assert {e.name for e in entries if e.section == "blob"} == set(BLOB_NAMES)


@pytest.mark.parametrize("size", [0, -1, SMALLEST_SIZE - 1, LARGEST_SIZE + 1])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="a dump has"):
        geometry.plan_sections(size)


def after(entry: SectionEntry, samples: int) -> dict[int, int]:
    """Return slot -> number after so many coarse samples, by the plain definition."""
    slots: dict[int, int] = {}
    for sequence in range(1, samples + 1):
        if geometry.is_stored(entry, sequence):
            slots[geometry.slot_index(entry, sequence)] = sequence
    return slots


@pytest.mark.parametrize("size", [SMALLEST_SIZE, WORKER_SIZE, DEFAULT_SIZE])
def test_a_week_of_coarse_samples_fits_and_its_first_minute_stays(size: int) -> None:
    entry = coarse(size)
    kept = sorted(after(entry, WEEK).values())
    ring = entry.slots - entry.kept
    assert kept[:60] == list(range(1, 61))
    rest = kept[entry.kept :]
    assert len(rest) >= ring // 2
    gaps = {b - a for a, b in itertools.pairwise(rest)}
    assert max(gaps) <= 4 * WEEK / ring
    assert WEEK - kept[-1] <= max(gaps)


@given(st.integers(1, 20_000), st.sampled_from([SMALLEST_SIZE, WORKER_SIZE]))
def test_all_multiples_of_the_stride_are_there_at_any_time(
    samples: int, size: int
) -> None:
    entry = coarse(size)
    held = set(after(entry, samples).values())
    stride = geometry.coarse_stride(entry, samples)
    first = entry.kept + 1
    assert set(range(first, samples + 1, stride)) <= held


@given(st.integers(0, 10**6))
def test_the_next_stored_number_is_the_next_that_is_stored(sequence: int) -> None:
    entry = coarse(SMALLEST_SIZE)
    following = geometry.next_stored(entry, sequence)
    assert following > sequence
    assert geometry.is_stored(entry, following)
    between = range(sequence + 1, min(following, sequence + 5000))
    assert not any(geometry.is_stored(entry, n) for n in between)


@given(st.integers(1, 2**64 - 1))
def test_any_number_has_a_slot_of_its_section(sequence: int) -> None:
    for entry in geometry.plan_sections(SMALLEST_SIZE):
        assert 0 <= geometry.slot_index(entry, sequence) < entry.slots
