"""Bytes, times and counts as people read them."""

from __future__ import annotations

import re

_CONTENT = re.compile(r"([\d,]+) (\w*[^\Ws])$")
_SHAPED = re.compile(r"(?:\w+ )?\w+ (\d+(?:x\d+)*)$")

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def format_bytes(count: float) -> str:
    """Return bytes with a binary unit: ``7.5 GiB``, ``512 B``, ``-1.0 MiB``."""
    sign, size = ("-" if count < 0 else ""), abs(float(count))
    for unit in _UNITS:
        if size < 1023.95 or unit == _UNITS[-1]:
            break
        size /= 1024
    return f"{sign}{size:.0f} {unit}" if unit == "B" else f"{sign}{size:,.1f} {unit}"


def parse_bytes(text: str) -> int:
    """
    Return the bytes in ``text``: ``8GiB``, ``1.5 G``, ``512m``, ``1048576``.

    Decimal and binary prefixes mean the same (powers of 1024), as in Docker and
    Slurm. Raises ValueError when it is not a size.
    """
    cleaned = text.strip().lower().removesuffix("ib").removesuffix("b").strip()
    power = "kmgtp".find(cleaned[-1:]) + 1 if cleaned[-1:] else 0
    number = cleaned[:-1] if power else cleaned
    value = float(number) * 1024**power
    if not 0 <= value < 2**63:
        raise ValueError(f"not a size in bytes: {text!r}")
    return int(value)


def format_seconds(seconds: float) -> str:
    """Return a duration as ``0.2 s``, ``42 s``, ``4 min 10 s``, ``3 h 05 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count_of(count: int, noun: str) -> str:
    """Return ``1 model``, ``1,920 EagerTensors``; a noun that ends with s is kept."""
    return (
        f"{count:,} {noun}" if count == 1 or noun[-1:] == "s" else f"{count:,} {noun}s"
    )


def line_in_words(file: str, line: int) -> str:
    """Return ``train.py:41``; of a notebook's cell ``In [7], line 3``."""
    return f"{file}, line {line}" if file.startswith("In [") else f"{file}:{line}"


def kind_in_words(kind: str) -> str:
    """
    Return a recorded kind as a person says it.

    ``list of 1,920 EagerTensor`` → ``… EagerTensors``; ``float32 ndarray 9x64`` →
    ``float32 ndarray of shape (9, 64)``.
    """
    content, shaped = _CONTENT.search(kind), _SHAPED.fullmatch(kind)
    if " of " in kind and content and content[1] != "1":
        return f"{kind}s"
    if shaped and " of " not in kind:
        numbers = shaped[1].split("x")
        shape = ", ".join(numbers) + ("," if len(numbers) == 1 else "")
        return f"{kind[: shaped.start(1)]}of shape ({shape})"
    return kind
