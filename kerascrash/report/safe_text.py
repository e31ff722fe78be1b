"""
Text of unknown origin, made safe to look at.

Variable names, paths, log lines and source code come from somebody's crashed
process. Escaping for HTML is the template engine's work; what is done here is
needed in every format: control characters (a terminal would obey them), marks
that reverse or hide text, lone surrogates (no encoder takes them) become visible
ASCII, and lengths are capped.
"""

from __future__ import annotations

import re

LONGEST = 2000
"""Characters that one value may take where nothing tighter is asked for."""

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_LINE_ENDS = re.compile(r"\r\n|[\n\r]")
_SURROGATES = re.compile("[\ud800-\udfff]")


def _spell(match: re.Match[str]) -> str:
    code = ord(match.group())
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8, kept by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def safe_block(text: str, limit: int = LONGEST) -> str:
    """Return ``text`` without anything that acts or hides; line ends and tabs stay."""
    return _UNSAFE.sub(_spell, cut(text, limit))


def safe_line(text: str, limit: int = LONGEST) -> str:
    """Return ``text`` as one harmless line; line ends are spelled ``\\n``."""
    return safe_block(_LINE_ENDS.sub(r"\\n", cut(text, limit)), limit * 10)


def cut(text: str, limit: int) -> str:
    """Return at most ``limit`` characters; what was left out is counted at the end."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def encodable(text: str) -> str:
    """Return ``text`` with lone surrogates spelled out, so that it can be encoded."""
    return _SURROGATES.sub(_spell, text)
