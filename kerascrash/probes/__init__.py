"""
Probes: one source of readings each, one small file each.

A probe is a module named ``<what>_<platform>.py`` with one constant, ``PROBE``: a
callable that takes a pid and returns a reader (see ``reader.ProbeReader``). A reading
that fails is absent; a ``ProbeSet`` never raises.
"""

from __future__ import annotations

from kerascrash.probes.probeset import ProbeSet, open_probes

__all__ = ["ProbeSet", "open_probes"]
