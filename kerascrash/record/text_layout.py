"""Where the text of a ``str`` and the content of ``bytes`` lie, by looking at some."""

from __future__ import annotations

from kerascrash.probes.foreign_memory import word_at
from kerascrash.record.own_memory import (
    OwnMemory,
    UnknownLayoutError,
    in_all,
    places_of,
    the_one,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HEAD = 256
_KINDS = (
    (1, "latin-1", "ab"),
    (1, "latin-1", "\xe4\xf6"),
    (2, "utf-16-le", "\u20ac\u0142"),
    (4, "utf-32-le", "\U0001f600\U0001f601"),
)
"""Bytes per character, encoding, characters: ASCII lies elsewhere than Latin-1."""
_LENGTHS = (11, 17)
_STATE_BYTES = 1  # what fills the word behind it is never set


def find_text(memory: OwnMemory) -> dict[str, Any]:
    """Return the layout of ``str``; raises UnknownLayoutError."""
    # made now, so that none is interned
    samples = [
        [(characters * 9)[:length] for length in _LENGTHS]
        for _, _, characters in _KINDS
    ]
    heads = [[memory.read(id(text), _HEAD) for text in pair] for pair in samples]
    lengths = [
        places_of(head, length)
        for pair in heads
        for head, length in zip(pair, _LENGTHS, strict=True)
    ]
    begins = [
        the_one(
            (_begin(h, t.encode(codec)) for h, t in zip(pair, two, strict=True)), codec
        )
        for pair, two, (_, codec, _) in zip(heads, samples, _KINDS, strict=True)
    ]
    length_at = in_all(lengths, "length of str")
    state_at = _find_state(heads, min(begins), length_at)
    states = [word_at(pair[0], state_at, _STATE_BYTES) for pair in heads]
    mask = 0
    for state in states:
        mask |= state ^ states[0]
    return {
        "text_length": length_at,
        "text_state": state_at,
        "text_mask": mask,
        "text_kinds": [
            [state & mask, kind[0], begin]
            for state, kind, begin in zip(states, _KINDS, begins, strict=True)
        ],
    }


def _begin(head: bytes, content: bytes) -> int:
    begin = head.find(content)
    if begin < 0:
        raise UnknownLayoutError("the text is not in its object")
    return begin


def _find_state(heads: list[list[bytes]], end: int, length_at: int) -> int:
    """Return where a number stands that is one for each kind, and not the same."""
    found = []
    for at in range(0, end, _STATE_BYTES):
        kinds = [{word_at(head, at, _STATE_BYTES) for head in pair} for pair in heads]
        told = set().union(*kinds)
        if all(len(kind) == 1 for kind in kinds) and len(told) == len(_KINDS):
            found.append(at)
    return the_one((at for at in found if at != length_at), "kind of str")


def find_bytes(memory: OwnMemory) -> dict[str, Any]:
    """Return the layout of ``bytes``; raises UnknownLayoutError."""
    samples = [(b"kerascrash" * 2)[:length] for length in _LENGTHS]
    heads = [memory.read(id(each), _HEAD) for each in samples]
    pairs = list(zip(heads, samples, strict=True))
    return {
        "bytes_length": in_all(
            (places_of(head, len(each)) for head, each in pairs), "length of bytes"
        ),
        "bytes_data": the_one((_begin(h, s) for h, s in pairs), "bytes"),
    }
