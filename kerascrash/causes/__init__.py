"""Causes: the mechanisms of death, one file each."""

from __future__ import annotations

from kerascrash.model.rules import Rule
from kerascrash.model.walk import load_constants


def load_causes() -> tuple[Rule, ...]:
    """Return every cause of the catalogue, sorted by id."""
    return load_constants("kerascrash.causes", "CAUSE")
