"""
Which part of a line raised: ``x[k]`` in ``print(x[k])``, not ``print``.

Python 3.11 and later know the columns, and the recorder keeps them. Without them it is
told from the kind of exception and from the calls that the traceback goes on into;
where that leaves more than one part, the whole line is named.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from typing import Any

from kerascrash.estimate.statements import node_at, parse_statement
from kerascrash.model.evidence import Place

_LONGEST = 60
_LOOKUPS = frozenset({"KeyError", "IndexError"})
_ATTRIBUTES = frozenset({"AttributeError"})
_DIVISIONS = (ast.Div, ast.FloorDiv, ast.Mod)
_WRAPPERS = frozenset({"error_handler", "observed", "wrapper", "wrapped", "inner"})
"""Functions that libraries put around others: they do not tell which call it was."""


def raised_part(data: Mapping[str, Any], place: Place) -> str:
    """Return the part of the line that raised as it is written, "" where unknown."""
    exact = _by_columns(data, place)
    if exact is not None:
        return _shown(exact, place)
    found = node_at(place)
    if found is None:
        return ""
    node = _header(found[2])
    kind = str(data.get("type") or "").rsplit(".", 1)[-1]
    if isinstance(node, (ast.Raise, ast.Assert)) and not _deeper(data, place):
        return _shown(node, place)
    parts = _of_this_kind(node, kind) or _entered(node, data, place)
    if len(parts) == 1:
        return _shown(parts[0], place)
    return _short(node) or place.function


def _by_columns(data: Mapping[str, Any], place: Place) -> ast.AST | None:
    """Return the part that the recorded columns (of the line in UTF-8) hold."""
    recorded = data.get("place")
    if not isinstance(recorded, Mapping):
        return None
    columns = recorded.get("columns")
    line = dict(place.excerpt).get(place.line)
    if not isinstance(columns, (list, tuple)) or len(columns) != 2 or line is None:
        return None
    if not all(isinstance(column, int) for column in columns):
        return None
    if (recorded.get("file"), recorded.get("line")) != (place.file, place.line):
        return None
    first, last = columns
    text = line.encode()[max(first, 0) : max(last, 0)].decode("utf-8", "replace")
    return parse_statement(text.strip())


def _header(node: ast.stmt) -> ast.AST:
    """Return of a compound statement what its first line evaluates."""
    if isinstance(node, (ast.If, ast.While)):
        return node.test
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return node.iter
    return node


def _of_this_kind(node: ast.AST, kind: str) -> list[ast.AST]:
    """Return the parts that this kind of exception is usually raised by."""
    inside = list(ast.walk(node))
    if kind in _LOOKUPS:
        return [one for one in inside if isinstance(one, ast.Subscript)]
    if kind in _ATTRIBUTES:
        return [one for one in inside if isinstance(one, ast.Attribute)]
    if kind == "ZeroDivisionError":
        return [
            one
            for one in inside
            if isinstance(one, ast.BinOp) and isinstance(one.op, _DIVISIONS)
        ]
    return []


def _entered(node: ast.AST, data: Mapping[str, Any], place: Place) -> list[ast.AST]:
    """Return the calls that it may have been: those that the traceback went on into."""
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    deeper = _deeper(data, place)
    by_name = [one for one in calls if _last_name(one) in deeper]
    if by_name:
        return list(by_name[:1])
    written = [one for one in calls if not hasattr(builtins, ast.unparse(one.func))]
    if deeper:  # a function in Python: the outermost is what the line is about
        return list(written[:1])
    operations = (ast.Subscript, ast.BinOp)
    others = [one for one in ast.walk(node) if isinstance(one, operations)]
    return [*calls, *others]


def _deeper(data: Mapping[str, Any], place: Place) -> set[str]:
    """Return the functions below the place in the traceback, empty for none."""
    rows = [row for row in data.get("traceback") or () if len(row) >= 3]
    own = [
        number
        for number, row in enumerate(rows)
        if (row[0], row[1]) == (place.file, place.line)
    ]
    names = {str(row[2]) for row in rows[own[-1] + 1 :]} if own else set()
    return names - _WRAPPERS or ({""} if names else set())


def _last_name(call: ast.Call) -> str:
    """Return ``fit`` of ``model.fit(...)``."""
    func = call.func
    return func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "?")


def _shown(node: ast.AST, place: Place) -> str:
    """Return a part as it is named: a call by its function, what is raised by place."""
    node = node.value if isinstance(node, ast.Expr) else node
    if isinstance(node, ast.Call):
        return _short(node.func) or place.function
    if isinstance(node, (ast.Raise, ast.Assert)):
        inside = place.function not in ("", "<module>")
        return place.function if inside else type(node).__name__.lower()
    return _short(node) or place.function


class _WithoutArguments(ast.NodeTransformer):
    """Write ``Thread(...).start`` for what is called with a long list of arguments."""

    def visit_Call(self, node: ast.Call) -> ast.Call:
        func = self.visit(node.func)
        return ast.Call(
            func, [ast.Constant(...)] if node.args or node.keywords else [], []
        )


def _short(node: ast.AST) -> str:
    """Return the source of a part, "" where it is too long to be a name."""
    text = " ".join(ast.unparse(node).split())
    if len(text) > _LONGEST:
        text = " ".join(ast.unparse(_WithoutArguments().visit(node)).split())
    return text if len(text) <= _LONGEST and "\n" not in text else ""
