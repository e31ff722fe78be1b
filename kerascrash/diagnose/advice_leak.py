"""What to do about something that grows: what to keep instead, or how to bound it."""

from __future__ import annotations

import re

from kerascrash.model.case import Case
from kerascrash.model.verdict import Advice, Culprit

CACHE = "lru_cache"
"""In the kind of a culprit whose results it keeps."""
_QUEUES = frozenset({"Queue", "SimpleQueue", "LifoQueue", "PriorityQueue"})


def leak_advice(_case: Case, culprit: Culprit | None) -> list[Advice]:
    """Return what to do about what grows; empty where nobody is named."""
    if culprit is None:
        return []
    if CACHE in culprit.kind:
        return [_bounded_cache(culprit)]
    if culprit.kind.partition(" ")[0] in _QUEUES:
        return [_bounded_queue(culprit)]
    detail = (
        "Keep a number (`float(x)`), a summary or a file name in its place, or empty "
        "it when the epoch ends."
    )
    return [
        Advice(
            f"Stop keeping every element in `{culprit.owner}`.",
            detail,
            culprit.bytes,
            culprit.place,
            _as_number(culprit),
        )
    ]


def _bounded_queue(culprit: Culprit) -> Advice:
    return Advice(
        f"Bound the queue `{culprit.owner}`: `queue.Queue(maxsize=8)`.",
        "Who fills it then waits for who empties it; without a bound it runs ahead.",
        culprit.bytes,
        culprit.place,
        "queue.Queue(maxsize=8)",
    )


def _bounded_cache(culprit: Culprit) -> Advice:
    return Advice(
        f"Bound the cache of `{culprit.owner}`: `@lru_cache(maxsize=128)`.",
        "Without a bound it keeps what it returned for every argument it ever saw.",
        culprit.bytes,
        culprit.place,
        "@lru_cache(maxsize=128)",
    )


def _as_number(culprit: Culprit) -> str:
    """Return the appending line with a number in place of the tensor, "" for none."""
    place = culprit.place
    text = dict(place.excerpt).get(place.line, "") if place else ""
    if ".append(" not in text or "Tensor" not in culprit.kind:
        return ""
    number = r".append(float(keras.ops.mean(\1)))"
    return re.sub(r"\.append\((.+)\)", number, text).strip()
