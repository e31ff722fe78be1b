"""Compute once per case what dozens of rules ask for: a case never changes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

Subject = TypeVar("Subject")
Result = TypeVar("Result")
_KEPT = 8
"""Results remembered per function: a process and a few of its children."""


def once(function: Callable[[Subject], Result]) -> Callable[[Subject], Result]:
    """
    Return ``function`` with a memory of its last results, by identity of the argument.

    Cases are compared by what they are, not by what they hold: their mappings have no
    hash, and to compare two recordings would cost more than to compute again.
    """
    results: deque[tuple[Subject, Result]] = deque(maxlen=_KEPT)

    @wraps(function)
    def remembered(subject: Subject) -> Result:
        for known, result in results:
            if known is subject:
                return result
        result = function(subject)
        results.appendleft((subject, result))
        return result

    return remembered
