"""Findings become weighed hypotheses, a verdict, a culprit, advice."""

from __future__ import annotations

from kerascrash.diagnose.engine import diagnose

__all__ = ["diagnose"]
