"""
Which holdings grow while the program runs, and which are data held from the start.

The difference decides between a leak and a data set: a leak goes on with the steps, a
data set is there before the first step. Where no step was ever counted, containers of
arrays are taken to be data being loaded, containers of tensors to be a leak.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from kerascrash.estimate.dtypes import dtype_name, dtype_size, elements
from kerascrash.estimate.growth import bytes_at_death, growth_seen
from kerascrash.estimate.holdings import Holding, holdings_of
from kerascrash.estimate.memo import once
from kerascrash.estimate.places import read_place
from kerascrash.estimate.standing import has_paused, process_stayed_level
from kerascrash.estimate.timeline import recording_of, stage_begins, stage_name
from kerascrash.model.case import Case, Recording

_LEAST_BYTES = 1 << 20
_STILL_GROWING = 0.002
_RESULTS = frozenset({"predict", "evaluate"})
_OFTEN = 3
"""Calls from which on what grows is their results, not data for them."""
_EMPTIED, _BEYOND = 0.5, 1.1
_FEW, _FALLEN = 8, 0.9
"""Looks at random moments at what is emptied and filled: too few to find its low."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A holding with its bytes at death; ``note`` says how those are known."""

    holding: Holding
    bytes: int
    note: str


def steps_counted(recording: Recording | None) -> int:
    """Return how many training steps were finished, 0 when none or not known."""
    step = recording.progress.get("step") if recording else None
    return max(step, 0) if isinstance(step, int) else 0


def is_growing(holding: Holding) -> bool:
    """
    Tell whether it still grew when it was last looked at.

    Scans decide; with fewer than two of them, the way its line fills it does.
    """
    if len(holding.history) >= 3:
        rises = _rises([size for _, _, size in holding.history])
        return rises and not has_paused(holding)
    rate = growth_seen(holding)
    if rate is None:
        rate = holding.growth_per_second
    if rate is not None and len(holding.history) == 2:
        return rate > 0
    return holding.is_filled_by_line and holding.count >= 2


def _rises(sizes: list[int]) -> bool:
    """
    Tell whether it is larger than lately, or its low points go up.

    What is emptied now and then is large again before the next time; that counts only
    beyond what it was before. Of few looks none may have seen it smaller.
    """
    if len(sizes) < _FEW and _fell(sizes):
        return False
    course = sizes[len(sizes) // 2 :]
    cuts = [at for at in range(1, len(sizes)) if sizes[at] < _EMPTIED * sizes[at - 1]]
    if cuts:
        if sizes[-1] > _BEYOND * max(sizes[: cuts[-1]]):
            return True
        course = sizes
    half = len(course) // 2
    least = min(course[half:]) - min(course[:half])
    return least > _STILL_GROWING * course[-1]


def _fell(sizes: list[int]) -> bool:
    return any(after < _FALLEN * before for before, after in pairwise(sizes))


def _is_no_data(holding: Holding) -> bool:
    return holding.holds_tensors or not holding.holds_arrays


def _grew_with_steps(holding: Holding, since: float | None) -> bool:
    """
    Tell whether it was ever seen larger after a step; unknown counts as yes.

    ``since``: when the second of the runs began that are no training, None without.
    """
    if len(holding.history) < 3:
        return True
    return any(
        later[2] > before[2]
        and (
            later[0] is None or later[0] > 0 or (since is not None and later[1] > since)
        )
        for before, later in pairwise(holding.history)
    )


def _second_run(recording: Recording) -> float | None:
    """Return when ``predict`` or ``evaluate`` was called the second time, if often."""
    runs = [m.time for m in stage_begins(recording) if stage_name(m) in _RESULTS]
    return runs[1] if len(runs) >= _OFTEN else None


@once
def growing(case: Case) -> tuple[Kept, ...]:
    """Return what grows, biggest at death first, each scaled to the death."""
    rows = [
        Kept(one, *bytes_at_death(case, one))
        for one in holdings_of(recording_of(case))
        if one.bytes >= _LEAST_BYTES
        and is_growing(one)
        and not process_stayed_level(case, one)
    ]
    return tuple(sorted(rows, key=lambda kept: -kept.bytes))


@once
def leaks(case: Case) -> tuple[Kept, ...]:
    """Return what grows and is not data being loaded before the first step."""
    recording = recording_of(case)
    if recording is None:
        return ()
    since = _second_run(recording)
    stepped = steps_counted(recording) > 0 or since is not None
    return tuple(
        kept
        for kept in growing(case)
        if (stepped and _grew_with_steps(kept.holding, since))
        or (not stepped and _is_no_data(kept.holding))
    )


def _given_to_fit(recording: Recording) -> list[Holding]:
    """Return data handed to fit, evaluate or predict as recorded with the models."""
    rows = []
    for raw in recording.models.get("data") or ():
        shape = raw.get("shape") or ()
        size = raw.get("bytes")
        if not isinstance(size, int):
            size = elements(shape) * dtype_size(raw.get("dtype"))
        dtype = dtype_name(str(raw.get("dtype") or ""))
        rows.append(
            Holding(
                owner=str(raw.get("name") or "?"),
                type=str(raw.get("type") or "ndarray"),
                kind=str(raw.get("type") or "array"),
                count=1,
                bytes=size,
                element_shape=tuple(n for n in shape if isinstance(n, int)),
                dtypes={dtype: size} if dtype else {},
                place=read_place(raw.get("place")),
            )
        )
    return rows


@once
def data_held(case: Case) -> tuple[Kept, ...]:
    """Return arrays and tensors that are held whole and do not leak, biggest first."""
    recording = recording_of(case)
    if recording is None:
        return ()
    leaking = {kept.holding.owner for kept in leaks(case)}
    loading = {kept.holding.owner: kept for kept in growing(case)}
    held: list[Kept] = []
    for one in holdings_of(recording):
        if one.owner in leaking or one.bytes < _LEAST_BYTES:
            continue
        if one.holds_arrays or (one.holds_tensors and not _is_variable(one)):
            held.append(loading.get(one.owner) or Kept(one, one.bytes, ""))
    named = tuple(kept.holding for kept in held)
    held += [
        Kept(given, given.bytes, "as given to the model")
        for given in _given_to_fit(recording)
        if given.bytes >= _LEAST_BYTES
        and not any(_is_part(given, whole) for whole in named)
    ]
    return tuple(sorted(held, key=lambda kept: -kept.bytes))


def _is_part(given: Holding, whole: Holding) -> bool:
    """Tell an argument that is an array held by name, or a slice of one."""
    if given.bytes == whole.bytes:
        return True
    samples, dtypes = given.element_shape[1:], (given.widest_dtype, whole.widest_dtype)
    if not samples or samples != whole.element_shape[1:] or whole.is_container:
        return False
    names = {dtype[0] for dtype in dtypes if dtype is not None}
    return None not in dtypes and len(names) == 1 and given.bytes < whole.bytes


def _is_variable(holding: Holding) -> bool:
    return "Variable" in holding.type or "Variable" in holding.element_type


def made_anew(target: str, kept: Kept) -> bool:
    """Tell that a line makes again what grows: `a = np.concatenate([a, b])`."""
    owner = kept.holding.owner.rpartition(".")[2]
    return bool(target) and target.rpartition(".")[2] == owner
