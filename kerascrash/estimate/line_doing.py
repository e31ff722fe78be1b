"""What the user's line at death was doing with memory, read from its source."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kerascrash.estimate.array_made import ArrayMade, array_made
from kerascrash.estimate.dtypes import narrower_dtype
from kerascrash.estimate.holdings import holdings_of
from kerascrash.estimate.memo import once
from kerascrash.estimate.stacks import activity_of, innermost_user_place, user_places
from kerascrash.estimate.statements import Statement, statement_at
from kerascrash.estimate.timeline import recording_of
from kerascrash.estimate.unheld import unheld_bytes
from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Place

_LOADS = re.compile(
    r"(?:^|\.)(?:load\w*|read\w*|imread|open|fromfile|loadtxt|genfromtxt|to_numpy|"
    r"rand|randn|random|random_sample|normal|uniform|randint|integers|standard_normal|"
    r"zeros|ones|empty|full|array|asarray|astype|stack|vstack|hstack|concatenate|"
    r"repeat|tile|append|img_to_array|from_tensor_slices|get_file|arange|linspace)$"
)
_WIDE_BY_DEFAULT = re.compile(
    r"^(?:np|numpy)\.(?:random\.\w+|zeros|ones|empty|full|linspace)$"
    r"|\.(?:random|standard_normal|normal|uniform)$"
)
_WAITS = re.compile(r"(?:^|\.)(?:sleep|join|wait|acquire|poll|select|input|print)$")
_NEARLY_ALL = 0.8
_SPELLED = re.compile(r"\b(?:float|u?int|complex)(?:8|16|32|64|128)\b")
_RUN = re.compile(r"(?:^|\.)(?:fit|evaluate|predict|train_on_batch|test_on_batch)$")


@dataclass(frozen=True, slots=True)
class LineDoing:
    """
    The innermost user line and what it did.

    ``bytes`` is what the process holds without a name; ``kind`` is ``load`` (data into
    memory), ``run`` (a Keras run), ``op`` (any other computation) or ``""``;
    ``inner`` is the innermost statement, where a caller's stands for it. ``dtype`` is
    that of the array it was making, "" where it cannot be told.
    """

    place: Place | None
    statement: Statement | None
    kind: str
    bytes: int
    inner: Statement | None = None
    made: ArrayMade | None = None
    dtype: str = ""

    @property
    def whole(self) -> int:
        """Bytes once the array that was being made is there in full."""
        if self.made is None or self.made.filled > self.bytes:
            return max(self.bytes, self.made.bytes if self.made else 0)
        if self.made.filled >= _NEARLY_ALL * self.bytes:
            return self.made.bytes
        return self.bytes - self.made.filled + self.made.bytes

    @property
    def target(self) -> str:
        """What the line assigns to, ``""`` if nothing."""
        return (
            self.statement.targets[0]
            if self.statement and self.statement.targets
            else ""
        )


def only_waits(statement: Statement | None) -> bool:
    """Tell whether a line calls nothing but what waits or prints."""
    calls = statement.calls if statement else ()
    return bool(calls) and all(_WAITS.search(call) for call in calls)


def _kind(recording: Recording, statement: Statement | None) -> str:
    activity = activity_of(recording)
    if activity in ("weights", "slots", "save"):
        return activity
    calls = statement.calls if statement else ()
    if activity == "step" or any(_RUN.search(call) for call in calls):
        return "run"
    if only_waits(statement):
        return ""  # it asks for no memory: what grew did so elsewhere
    loading = [call for call in calls if _LOADS.search(call)]
    if loading and not any(call.startswith("tf.") for call in loading):
        return "load"
    return "op" if statement is not None or activity in ("user", "call") else ""


@once
def line_at_death(case: Case) -> LineDoing | None:
    """Return the innermost user line of the newest stacks, or None without stacks."""
    recording = recording_of(case)
    place = innermost_user_place(recording)
    if recording is None or place is None:
        return None
    statement = statement_at(place)
    kind = _kind(recording, statement)
    inner, made = statement, array_made(case)
    if kind == "op" and made is not None and made.copy_of is not None:
        kind = "load"  # as many elements as the data: a copy of them, no blow-up
    if kind == "load":
        place, statement = _line_that_names(recording, place, statement)
    dtype = _dtype_made(recording, inner or statement, made)
    return LineDoing(place, statement, kind, unheld_bytes(case), inner, made, dtype)


def _dtype_made(
    recording: Recording, maker: Statement | None, made: ArrayMade | None
) -> str:
    """Return the dtype of what a line makes: as read, spelled, or of its operands."""
    if made is not None and made.dtype:
        return made.dtype
    if maker is None:
        return ""
    spelled = _SPELLED.findall(maker.text)
    if spelled:
        return str(spelled[-1])
    converts = any(call.endswith(".astype") for call in maker.calls)
    if "dtype" in maker.keywords or converts:
        return ""
    if any(_WIDE_BY_DEFAULT.search(call) for call in maker.calls):
        return "float64"
    return _wide_operand(recording, maker)


def _wide_operand(recording: Recording, maker: Statement) -> str:
    """Return the wide dtype of the biggest array that the line names, if it is one."""
    for held in holdings_of(recording):
        named = re.search(rf"(?<![\w.]){re.escape(held.owner)}\b", maker.text)
        if named and held.holds_arrays and held.widest_dtype:
            own = held.widest_dtype[0]
            return own if narrower_dtype(own) else ""
    return ""


def _line_that_names(
    recording: Recording, place: Place, statement: Statement | None
) -> tuple[Place, Statement | None]:
    """Return the line that gives what is loaded its name: a loader only returns it."""
    for outer in user_places(recording):
        found = statement_at(outer)
        if found is not None and found.targets and found.calls:
            return outer, found
    return place, statement
