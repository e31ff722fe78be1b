"""Bytes, times and counts as people read them."""

from __future__ import annotations

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
