"""What the scripts' names held: new, gone, grown."""

from __future__ import annotations

from collections.abc import Iterable

from kerascrash.compare.weights import NOISE, scale_of
from kerascrash.estimate.growth import bytes_at_death, growth_seen
from kerascrash.estimate.holdings import Holding, holdings_of
from kerascrash.estimate.resident import peak_resident
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.comparison import Difference, Part
from kerascrash.model.verdict import Diagnosis

_GROUP = "holdings"
_LEAST = 1 << 20


def _compare(a: Diagnosis, b: Diagnosis) -> Iterable[Difference]:
    one, two = _sizes(a), _sizes(b)
    scale = scale_of(a, b)
    for owner in sorted({*one, *two}):
        old, new = one.get(owner), two.get(owner)
        sizes = [held[1] if held else 0 for held in (old, new)]
        share = abs(sizes[1] - sizes[0]) / scale
        if share < NOISE or max(sizes) < _LEAST:
            continue
        held = max((h for h in (old, new) if h), key=lambda pair: pair[1])[0]
        yield Difference(
            _GROUP,
            owner,
            old[1] if old else None,
            new[1] if new else None,
            "bytes",
            min(share, 2.0),
            _note(held),
        )


def _sizes(diagnosis: Diagnosis) -> dict[str, tuple[Holding, int]]:
    """Return each owner with its bytes at the end; no estimate beyond the process."""
    most = peak_resident(diagnosis.case)
    found: dict[str, tuple[Holding, int]] = {}
    for held in holdings_of(recording_of(diagnosis.case)):
        size, _ = bytes_at_death(diagnosis.case, held)
        if held.estimated and most is not None and size > most:
            continue
        if held.owner not in found:
            found[held.owner] = (held, size)
    return found


def _note(held: Holding) -> str:
    growth = growth_seen(held)
    place = held.place
    where = f"{place.file.rsplit('/', 1)[-1]}:{place.line}" if place else ""
    grows = f"{growth / 1024**2:+.1f} MiB per step" if growth else ""
    return ", ".join(part for part in (held.kind, grows, where) if part)


PART = Part("holdings", "what the script held", _compare)
