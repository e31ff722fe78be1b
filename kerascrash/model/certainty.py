"""Confidence in words: the only place where numbers become words."""

from __future__ import annotations

STEPS = ((0.95, "proven"), (0.8, "very likely"), (0.5, "likely"))
SURE = 0.8
"""From here on a sentence states it; below, it says that it is likely."""
LEAST_TO_BLAME = 0.5
"""Below this confidence a factor is named as a rival, not as the answer."""


def certainty_word(confidence: float) -> str:
    """Return ``proven``, ``very likely``, ``likely`` or ``a guess``."""
    return next((word for least, word in STEPS if confidence >= least), "a guess")
