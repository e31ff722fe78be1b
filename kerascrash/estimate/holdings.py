"""What the inventory says is held, as values that rules can reason about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kerascrash.estimate.dtypes import dtype_name, dtype_size
from kerascrash.estimate.memo import once
from kerascrash.estimate.places import creation_place, read_place
from kerascrash.model.case import Recording
from kerascrash.model.evidence import Place
from kerascrash.units import kind_in_words

TENSOR_TYPES = frozenset({
    "EagerTensor", "Tensor", "Variable", "ResourceVariable", "KerasVariable", "Array",
    "ArrayImpl", "RaggedTensor", "SparseTensor", "Parameter", "IndexedSlices",
})  # fmt: skip
ARRAY_TYPES = frozenset({"ndarray", "memmap", "DataFrame", "Series", "Image"})
CONTAINER_TYPES = frozenset({
    "list", "dict", "set", "deque", "tuple", "defaultdict", "OrderedDict", "Counter",
})  # fmt: skip
GROWING_HOW = frozenset({"append", "extend", "setitem", "augassign", "add", "update"})
"""Ways to write that make a container bigger, as the recorder names them."""


CHAIN = "chain"
"""Type of objects that each hold the next: the line that makes one adds it."""


@dataclass(frozen=True, slots=True)
class Holding:
    """One owner in the inventory; bytes as scanned, growth per step or per second."""

    owner: str
    type: str
    kind: str
    count: int
    bytes: int
    element_type: str = ""
    element_shape: tuple[int, ...] = ()
    dtypes: Mapping[str, int] | None = None
    growth_per_step: float | None = None
    growth_per_second: float | None = None
    history: tuple[tuple[int | None, float, int], ...] = ()
    place: Place | None = None
    place_how: str = ""
    estimated: bool = False
    device: str = "host"
    inside: str = ""
    """A type within its elements whose memory is native (``GradientTape``)."""
    keeps_graph: bool = False
    """Its elements keep the computation alive that made them (autograd)."""
    made_by: tuple[str, ...] = ()
    """Calls that made what its line adds, as ``tape.gradient``; empty if unknown."""

    @property
    def is_container(self) -> bool:
        """A thing that other things are put into."""
        return self.type in CONTAINER_TYPES or (
            self.count > 1 and self.element_type != ""
        )

    @property
    def holds_tensors(self) -> bool:
        return self.type in TENSOR_TYPES or self.element_type in TENSOR_TYPES

    @property
    def holds_arrays(self) -> bool:
        return self.type in ARRAY_TYPES or self.element_type in ARRAY_TYPES

    @property
    def holds_numbers(self) -> bool:
        """Most of its bytes are numeric arrays or tensors, at whatever depth."""
        rows = (self.dtypes or {}).items()
        numeric = sum(size for name, size in rows if dtype_size(name, 0))
        return numeric >= 0.5 * self.bytes > 0

    @property
    def element_bytes(self) -> int:
        """Bytes of one element as far as known, else the mean."""
        return self.bytes // self.count if self.count > 0 else self.bytes

    @property
    def made_at(self) -> Place | None:
        """Where it was made: for an array not the line that writes into it."""
        if self.is_container or self.place_how != "setitem":
            return self.place
        return creation_place(self.owner, self.place)

    @property
    def has_grown(self) -> bool:
        """Each scan found at least as much as the one before, the last found more."""
        sizes = [size for _, _, size in self.history]
        rising = sum(after > before for before, after in pairwise(sizes))
        falling = sum(after < before for before, after in pairwise(sizes))
        return len(sizes) >= 3 and rising >= 2 and falling * 10 <= rising

    @property
    def is_filled_by_line(self) -> bool:
        """Its line of code adds to a container (append, setitem, …)."""
        adds = self.place_how in GROWING_HOW or self.type == CHAIN
        return self.is_container and adds

    @property
    def widest_dtype(self) -> tuple[str, int] | None:
        """The dtype that most of its bytes have: (name, bytes)."""
        if not self.dtypes:
            return None
        name, size = max(self.dtypes.items(), key=lambda item: item[1])
        return dtype_name(name), int(size)


def _number(raw: object) -> float | None:
    return float(raw) if isinstance(raw, (int, float)) else None


def _history(raw: object) -> tuple[tuple[int | None, float, int], ...]:
    rows = raw if isinstance(raw, Sequence) and not isinstance(raw, str) else ()
    return tuple(
        (row[0] if isinstance(row[0], int) else None, float(row[1]), int(row[2]))
        for row in rows
        if isinstance(row, Sequence) and len(row) == 3
    )


def _holding(raw: Mapping[str, Any]) -> Holding:
    element = raw.get("element") or {}
    made_by = (raw.get("place") or {}).get("made_by")
    shape = element.get("shape") or ()
    dtypes = {k: n for k, n in (raw.get("dtypes") or {}).items() if n is not None}
    size = int(raw.get("bytes") or 0)
    if not dtypes and element.get("dtype") and dtype_size(element["dtype"], 0):
        dtypes = {element["dtype"]: size}
    return Holding(
        owner=str(raw.get("owner") or "?"),
        type=str(raw.get("type") or ""),
        kind=kind_in_words(str(raw.get("kind") or raw.get("type") or "")),
        count=int(raw.get("count") or 0),
        bytes=size,
        element_type=str(element.get("type") or ""),
        element_shape=tuple(n for n in shape if isinstance(n, int)),
        dtypes=dtypes,
        growth_per_step=_number(raw.get("growth_bytes_per_step")),
        growth_per_second=_number(raw.get("growth_bytes_per_second")),
        history=_history(raw.get("history")),
        place=read_place(raw.get("place")),
        place_how=str(raw.get("place_how") or ""),
        estimated=bool(raw.get("estimated")),
        device=str(raw.get("device") or "host"),
        inside=str(element.get("inside") or ""),
        keeps_graph=element.get("graph") is True,
        made_by=tuple(map(str, made_by)) if isinstance(made_by, list) else (),
    )


@once
def holdings_of(recording: Recording | None) -> tuple[Holding, ...]:
    """Return what the newest inventory lists, biggest first."""
    entries = recording.inventory.get("entries") if recording else None
    rows = [_holding(raw) for raw in entries or () if isinstance(raw, Mapping)]
    return tuple(sorted(rows, key=lambda one: -one.bytes))
