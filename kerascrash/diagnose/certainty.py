"""Confidence in words: the only place where numbers become words."""

from __future__ import annotations

_WORDS = ((0.95, "proven"), (0.8, "very likely"), (0.5, "likely"))
LEAST_TO_BLAME = 0.5
"""Below this confidence a factor is named as a rival, not as the answer."""


def certainty_word(confidence: float) -> str:
    """Return ``proven``, ``very likely``, ``likely`` or ``a guess``."""
    return next((word for least, word in _WORDS if confidence >= least), "a guess")
