"""Factors: why a resource ran out, one file each."""

from __future__ import annotations

from kerascrash.model.rules import Rule
from kerascrash.model.walk import load_constants


def load_factors() -> tuple[Rule, ...]:
    """Return every factor of the catalogue, sorted by id."""
    return load_constants("kerascrash.factors", "FACTOR")
