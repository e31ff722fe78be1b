"""Profiler traces (``*.xplane.pb``) without TensorFlow, damaged ones included."""

from __future__ import annotations

from kerascrash.collect.xplane.reader import read_xplane

__all__ = ["read_xplane"]
