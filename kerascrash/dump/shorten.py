"""Cut a record down to a size: innermost frames and first words stay."""

from __future__ import annotations

from kerascrash.dump.codec import encode_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# (longest string, items kept at each end of a list): tried one after the other.
_STEPS = ((2000, 40), (400, 16), (120, 6), (60, 2))
_DEPTH = 8
CUT = "…"


def shorten_json(data: dict[str, Any], limit: int) -> bytes:
    """
    Return JSON of at most ``limit`` bytes with ``"truncated": true`` added.

    Strings lose their end and lists their middle; if that is not enough only the
    names of the keys are left. Raises what ``encode_json`` raises.
    """
    for longest, ends in _STEPS:
        text = encode_json({**_cut(data, longest, ends, _DEPTH), "truncated": True})
        if len(text) <= limit:
            return text
    keys = [str(key)[:20] for key in list(data)[:8]]
    text = encode_json({"truncated": True, "keys": keys})
    return text if len(text) <= limit else encode_json({"truncated": True})


def _cut(value: Any, longest: int, ends: int, depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else value[:longest] + CUT
    if not isinstance(value, (dict, list, tuple)):
        return value
    if not depth:
        return CUT
    if isinstance(value, dict):
        pairs = list(value.items())[: 2 * ends + 8]
        return {
            str(key)[:longest]: _cut(item, longest, ends, depth - 1)
            for key, item in pairs
        }
    if len(value) > 2 * ends:
        value = [*value[:ends], CUT, *value[-ends:]]
    return [_cut(item, longest, ends, depth - 1) for item in value]
