"""
A traced function's signature as text, so that two of them can be compared later.

Only texts are kept, never an argument; a Python value is shown where it is a plain
number, string or flag, which is what makes TensorFlow trace again.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PLAIN = (int, float, bool, str, bytes, complex, type(None))
_MOST_PARAMETERS = 24
_MOST_PARTS = 8
_DEPTH = 3
_LONGEST = 60


def describe_signature(signature: Any) -> dict[str, str]:
    """Return name → text for each parameter of TensorFlow's ``FunctionType``."""
    found: dict[str, str] = {}
    for name, parameter in list(signature.parameters.items())[:_MOST_PARAMETERS]:
        text = _describe(getattr(parameter, "type_constraint", None), _DEPTH)
        found[str(name)] = text
    return found


def what_varies(before: dict[str, str], now: dict[str, str]) -> dict[str, list[str]]:
    """
    Return parameter → [what, before, now] for what differs between two traces.

    ``what`` is "Python value", "shape or dtype" or "structure"; empty where nothing
    differs: then it was another function object with the same code.
    """
    found = {}
    for name in [n for n in now if n in before and before[n] != now[n]]:
        kinds = {text.partition(" ")[0] for text in (before[name], now[name])}
        what = "structure"
        if kinds <= {"value"}:
            what = "Python value"
        elif kinds <= {"tensor"}:
            what = "shape or dtype"
        found[name] = [what, before[name], now[name]]
    return found


def _describe(constraint: Any, depth: int) -> str:
    dtype = getattr(constraint, "dtype", None)
    if dtype is not None:
        shape = str(getattr(constraint, "shape", "?"))
        return f"tensor {shape} {getattr(dtype, 'name', '?')}"[:_LONGEST]
    if type(constraint).__name__ == "Literal":
        value = getattr(constraint, "value", None)
        shown = repr(value)[:40] if type(value) in _PLAIN else type(value).__name__
        return f"value {shown}"
    parts = getattr(constraint, "components", None) or getattr(
        constraint, "mapping", None
    )
    if isinstance(parts, dict):
        parts = list(parts.values())
    if isinstance(parts, (list, tuple)) and depth:
        inner = [_describe(part, depth - 1) for part in parts[:_MOST_PARTS]]
        same = {text.partition(" ")[0] for text in inner}
        kind = same.pop() if len(same) == 1 else "mixed"
        return f"{kind} [{len(parts)}: {', '.join(inner)}]"[: 2 * _LONGEST]
    return type(constraint).__name__
