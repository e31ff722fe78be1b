"""Which backend Keras runs on, however that was chosen; never imports Keras."""

from __future__ import annotations

import sys


def keras_backend() -> str | None:
    """
    Return ``tensorflow``, ``jax`` or ``torch`` as Keras 3 has read it.

    From its environment variable, its ``keras.json`` or its default. None before Keras
    is imported, and of Keras 2, which knows one backend.
    """
    settings = sys.modules.get("keras.src.backend.config")
    name = getattr(settings, "_BACKEND", None)
    return name if isinstance(name, str) else None
