"""
Reading source as a tree: parsing it, in blocks where it is long, and small questions.

Nothing here knows what is looked for; ``growing`` does.
"""

from __future__ import annotations

import ast
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE = 64 << 10
"""Above this size only top-level blocks that mention the name are parsed (0.8 MB/s)."""


def parse(text: str, name: str) -> ast.Module | None:
    """Return the tree of a file, of a long one the blocks that mention ``name``."""
    try:
        if len(text) <= WHOLE:
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    tree = ast.Module(body=[], type_ignores=[])
    for start, block in _blocks(text):
        if re.search(rf"\b{re.escape(name)}\b", block):
            try:
                part = ast.parse(block)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
            tree.body += ast.increment_lineno(part, start).body
    return tree


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines before and text of each top-level statement, told by indentation."""
    lines, start = text.splitlines(keepends=True), 0
    for number, line in enumerate(lines):
        begins = line[:1] not in {" ", "\t", "\n", "\r", "#", ")", "]", "}"}
        if begins and not line.startswith(("else", "elif", "except", "finally")):
            decorated = number > 0 and lines[number - 1].startswith("@")
            if number > start and not decorated:
                yield start, "".join(lines[start:number])
                start = number
    yield start, "".join(lines[start:])


def binds(function: ast.AST, name: str) -> bool:
    """Return whether a function has a parameter or local variable of that name."""
    bound = False
    for node in ast.walk(function):
        if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
            return False
        if isinstance(node, ast.arg) and node.arg == name:
            bound = True
        elif isinstance(node, ast.Name) and node.id == name:
            bound = bound or isinstance(node.ctx, ast.Store)
    return bound


def taken_from(node: ast.AST | None) -> tuple[ast.expr, ast.expr] | None:
    """Return ``x`` and ``key`` of ``x[key]``, ``x.get(key)``, ``x.setdefault(key)``."""
    if isinstance(node, ast.Subscript):
        return node.value, node.slice
    called = node.func if isinstance(node, ast.Call) else None
    if not isinstance(node, ast.Call) or not isinstance(called, ast.Attribute):
        return None
    if called.attr not in {"setdefault", "get"} or not node.args:
        return None
    return called.value, node.args[0]


def flat(targets: list[ast.expr]) -> list[ast.expr]:
    found: list[ast.expr] = []
    for target in targets:
        if isinstance(target, (ast.Tuple, ast.List)):
            found += flat(target.elts)
        else:
            found.append(target.value if isinstance(target, ast.Starred) else target)
    return found


def parameters(tree: ast.AST, function: str) -> list[list[str]]:
    """Return the parameter names of every function of that name."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if node.name == function:
            found.append([a.arg for a in (*node.args.posonlyargs, *node.args.args)])
    return found
