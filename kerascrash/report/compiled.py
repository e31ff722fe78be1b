"""Templates compiled once: kept where Python keeps what it compiles of a module."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from jinja2 import BytecodeCache

if TYPE_CHECKING:
    from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """
    A cache in ``__pycache__`` beside each template (or under ``PYTHONPYCACHEPREFIX``).

    The same manners as Python's: nothing is written where ``PYTHONDONTWRITEBYTECODE``
    says so or the folder cannot be written; what does not fit is compiled again. To
    compile all of them is about a quarter of a report's time.
    """

    def __init__(self, settings: bytes) -> None:
        """
        Take part of compiled templates only where ``settings`` were the same.

        The engine's options are compiled in, but are no part of a template's text.
        """
        self._settings = settings

    def get_cache_key(
        self,
        name: str,  # noqa: ARG002 - the engine passes it
        filename: str | None = None,
    ) -> str:
        """Return the path of the compiled form; ``""`` where there is none."""
        try:
            compiled = Path(importlib.util.cache_from_source(filename or ""))
        except (NotImplementedError, ValueError):
            return ""
        return str(compiled.with_suffix(".template")) if filename else ""

    def get_source_checksum(self, source: str) -> str:
        """Return what changes with the template, the engine and its options."""
        version = f"{jinja2.__version__} {sys.version_info[:2]}".encode()
        whole = b"\0".join((version, self._settings, source.encode()))
        return hashlib.sha256(whole).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket with what was kept; a damaged file counts as none."""
        try:
            bucket.bytecode_from_string(Path(bucket.key).read_bytes())
        except Exception:
            # Half a pickle raises whatever it likes; compiled again, it is mended.
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the compiled template; others never see half of it."""
        if sys.dont_write_bytecode or not bucket.key:
            return
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(bucket.key), exist_ok=True)
            _replace(bucket.key, bucket.bytecode_to_string())


def _replace(path: str, content: bytes) -> None:
    """Write a file of which others see the old or the new, never half of it."""
    handle, unfinished = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(unfinished, 0o644)
        os.replace(unfinished, path)
    except OSError:
        os.unlink(unfinished)
        raise
