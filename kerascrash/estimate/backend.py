"""Which backend the recorded Keras ran on."""

from __future__ import annotations

from kerascrash.model.case import Recording


def keras_backend(recording: Recording | None) -> str | None:
    """
    Return ``tensorflow``, ``jax`` or ``torch``; None where nothing tells.

    As Keras itself had it, whether from the environment, its ``keras.json`` or its
    default. A dump that does not keep that has the environment alone.
    """
    if recording is None:
        return None
    told = recording.environment.get("env") or {}
    return recording.models.get("backend") or told.get("KERAS_BACKEND") or None
