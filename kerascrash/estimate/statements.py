"""
What a recorded source line does: what it assigns to, what it calls with which values.

Only the few recorded lines around a place are there, so a statement is looked for in
growing windows around its line until one parses. Nothing is ever evaluated.
"""

from __future__ import annotations

import ast
import textwrap
import warnings
from dataclasses import dataclass

from kerascrash.model.evidence import Place

_REACH = 5
_LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One statement: assignment targets, calls in it, and integers passed by keyword.

    ``targets`` are spelled as in the source (``self.cache``), ``calls`` are dotted
    names, outermost first; ``keywords`` maps a keyword to its spelling.
    """

    targets: tuple[str, ...]
    calls: tuple[str, ...]
    keywords: dict[str, str]
    text: str
    first_line: int


def _windows(place: Place) -> list[tuple[int, str]]:
    """Return candidate (first line, text), shortest first, each holding the line."""
    rows = dict(place.excerpt)
    if place.line not in rows:
        return []
    found = []
    for length in range(1, 2 * _REACH + 2):
        for first in range(place.line, place.line - length, -1):
            numbers = range(first, first + length)
            # After an open bracket or a comma a line goes on with a statement.
            if rows.get(first - 1, "").rstrip().endswith(("(", "[", "{", ",", "\\")):
                continue
            if all(number in rows for number in numbers):
                text = textwrap.dedent("\n".join(rows[number] for number in numbers))
                found.append((first, text))
    return found


def parse_statement(text: str) -> ast.stmt | None:
    """Return the only statement in the text; a bare header gets an empty body."""
    if len(text) > _LONGEST:
        return None
    for candidate in (text, text + " pass" if text.rstrip().endswith(":") else ""):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                body = ast.parse(candidate).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if len(body) == 1:
            return body[0]
    return None


def _targets(node: ast.stmt) -> tuple[str, ...]:
    if isinstance(node, ast.Assign):
        raw: list[ast.expr] = list(node.targets)
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        raw = [node.target]
    else:
        return ()
    flat: list[ast.expr] = []
    for target in raw:
        flat += target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    return tuple(ast.unparse(target) for target in flat)


def _calls(node: ast.stmt) -> list[ast.Call]:
    return [one for one in ast.walk(node) if isinstance(one, ast.Call)]


def _name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)


def node_at(place: Place | None) -> tuple[int, str, ast.stmt] | None:
    """Return (first line, text, parsed) of the statement at a place, None for none."""
    if place is None:
        return None
    for first, text in _windows(place):
        node = parse_statement(text)
        if node is not None:
            return first, text, node
    return None


def statement_at(place: Place | None) -> Statement | None:
    """Return the statement at a place, or None where its excerpt does not show it."""
    found = node_at(place)
    if found is None:
        return None
    first, text, node = found
    calls = _calls(node)
    keywords = {
        keyword.arg: ast.unparse(keyword.value)
        for call in calls
        for keyword in call.keywords
        if keyword.arg
    }
    return Statement(
        targets=_targets(node),
        calls=tuple(_name_of(call) for call in calls),
        keywords=keywords,
        text=" ".join(text.split()),
        first_line=first,
    )
