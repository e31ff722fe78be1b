"""What a probe's ``PROBE(pid)`` returns."""

from __future__ import annotations

from typing import Protocol


class ProbeReader(Protocol):
    """Readings of one resource; may raise only what ``ProbeSet`` drops."""

    def read(self, values: dict[str, int]) -> None:
        """Add the readings that can be taken now; bytes unless the name says else."""

    def close(self) -> None:
        """Give the descriptors back."""
