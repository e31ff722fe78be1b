"""Observe memory that the process's own descendants held, and children that died."""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.children import held_by_children
from kerascrash.estimate.resident import last_reading
from kerascrash.estimate.rise import rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_LEAST_SHARE = 0.3


def detect(case: Case) -> Iterator[Finding]:
    """Yield the children's share of the tree's memory and their abnormal ends."""
    recording = recording_of(case)
    if recording is None:
        return
    own, children = last_reading(case), held_by_children(case)
    if own and children >= _LEAST_SHARE * (own + children):
        count = last_reading(case, "children") or 0
        text = f"{count} child processes held {format_bytes(children)} of "
        text += f"{format_bytes(own + children)}"
        rise = rise_of(case)
        share = children / (rise.whole if rise else own + children)
        yield note("children_hold_memory", "dump:samples", text, share, bytes=children)
    for mark in recording.marks:
        ended = mark.data.get("ended")
        if mark.kind == "child" and isinstance(ended, int) and ended not in (0, -15):
            text = f"child process {mark.data.get('pid')} ended with status {ended}"
            yield note("child_died", "dump:events", text, 0.8, mark.time, status=ended)


DETECTOR = Detector(
    id="children_memory",
    finds=("children_hold_memory", "child_died"),
    detect=detect,
    needs=("recording",),
)
