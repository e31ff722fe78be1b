"""Which explanations are worth showing beside the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerascrash.model.verdict import Hypothesis

LEAST_WEIGHT = 0.05
"""Nats; what weighs less would be shown as 0.0."""


def has_support(rival: Hypothesis) -> bool:
    """Return whether anything speaks for it: not every cause there is is a rival."""
    return any(weighed.weight >= LEAST_WEIGHT for weighed in rival.supporting)
