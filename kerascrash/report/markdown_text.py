"""Text of unknown origin in Markdown: it stays text, whatever it is made of."""

from __future__ import annotations

import re

from kerascrash.report.safe_text import safe_block, safe_line

_ACTIVE = re.compile(
    r"[\\`*_{}\[\]<>#|~$&@!]"  # markup, HTML, mentions, references, math
    r"|(?<=\w):(?=//)|(?<=www)\."  # what bare addresses become links by
    r"|^[-+=:]|^\d+(?=[.)])",  # lists, headings and tables at the start of a line
    re.IGNORECASE,
)
_CODE = re.compile(r"`([^`\n]+)`")
_RUNS = re.compile(r"`+")


def escape(text: str, limit: int = 500) -> str:
    """Return one line in which nothing is markup, a link, a mention or a reference."""
    line = safe_line(text, limit)
    return _ACTIVE.sub(_spell, line)


def _spell(match: re.Match[str]) -> str:
    return "".join(f"&#{ord(letter)};" for letter in match.group())


def prose(text: str, limit: int = 1000) -> str:
    """Return text whose `backticks` stay code and whose rest is escaped."""
    line = safe_line(text, limit)
    parts = _CODE.split(line)
    return "".join(
        code(part) if index % 2 else escape(part, limit)
        for index, part in enumerate(parts)
    )


def code(text: str, limit: int = 300, *, cell: bool = False) -> str:
    """Return a code span that its content cannot leave; ``cell``: in a table."""
    line = safe_line(text, limit)
    if cell:
        line = line.replace("|", "\u2502")  # no escape for it works everywhere
    longest = max((len(run) for run in _RUNS.findall(line)), default=0)
    fence = "`" * (longest + 1)
    space = " " if line.startswith("`") or line.endswith("`") or not line else ""
    return f"{fence}{space}{line}{space}{fence}"


def code_block(lines: list[str], language: str = "") -> list[str]:
    """Return a fenced block that its content cannot leave."""
    harmless = [safe_block(line, 300).replace("\n", "\\n") for line in lines]
    longest = max((len(r) for line in harmless for r in _RUNS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return ["", f"{fence}{language}", *harmless, fence, ""]
