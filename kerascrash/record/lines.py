"""
From an entry of the inventory to the line of source that makes it grow.

Every name is searched for once (and once more when it turns out to grow); parsing costs
about 1 ms per kilobyte, so a caller says how many files may be parsed now.
"""

from __future__ import annotations

import ast

from kerascrash.record.growing import Line, Search, parameters, parse
from kerascrash.record.origins import origins
from kerascrash.record.sources import excerpt, read_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.record.tally import Node

    Stack = list[tuple[str, str, int]]

_ADDS = frozenset(("append", "extend", "setitem", "augassign"))
OTHER_FILES = 8
KEPT = 500


class Lines:
    """Finds and remembers lines; ``begin`` sets how many files may be parsed now."""

    def __init__(self) -> None:
        self._found: dict[
            tuple[str, bool], tuple[dict[str, Any] | None, str | None]
        ] = {}
        self._trees: dict[tuple[str, str], ast.Module | None] = {}
        self._left = 0
        self.stack: Stack = []
        self.files: list[str] = []

    def begin(self, parses: int, stack: Stack, files: list[str]) -> None:
        """Set what one scan may cost, what runs now, and the user's files."""
        self._left, self.stack, self.files = parses, stack, files
        if len(self._found) > KEPT:
            self._found.clear()

    def end(self) -> None:
        """Let go of the syntax trees."""
        self._trees.clear()

    def find(
        self, node: Node, *, growing: bool
    ) -> tuple[dict[str, Any] | None, str | None]:
        """Return place and how, both None when unknown (yet)."""
        if node.place is not None:
            place = dict(node.place)
            place["excerpt"] = excerpt(place["file"], place["line"])
            return place, "call"
        key = (node.key, growing)
        if key not in self._found:
            if self._left <= 0 and not self._trees:
                return self._found.get((node.key, False), (None, None))
            try:
                self._found[key] = self._search(node, growing=growing)
            except RecursionError:
                self._found[key] = (None, None)
        return self._found[key]

    def _search(
        self, node: Node, *, growing: bool
    ) -> tuple[dict[str, Any] | None, str | None]:
        file, scope = node.home
        best = self._best(file, scope, node, growing=growing)
        if best is None or (growing and best.how not in _ADDS):
            for other in [f for f in self.files if f != file][:OTHER_FILES]:
                another = self._best(other, "", node, growing=growing, foreign=True)
                if another is not None and another.how in _ADDS:
                    file, best = other, another
                    break
        if best is None:
            return None, None
        function = best.functions[-1] if best.functions else "<module>"
        place: dict[str, Any] = {"file": file, "line": best.line, "function": function}
        place["excerpt"] = excerpt(file, best.line)
        tree = self._tree(file, node.target[0])
        if tree is not None and best.how in _ADDS:
            place["made_by"] = origins(tree, best.line)
        return place, best.how

    def _best(
        self, file: str, scope: str, node: Node, *, growing: bool, foreign: bool = False
    ) -> Line | None:
        name, attribute, keys = node.target
        tree = self._tree(file, name)
        if tree is None:
            return None
        search = Search(name, attribute=attribute, keys=keys)
        search.run(tree, in_module=not scope and not foreign)
        lines = list(search.lines)
        if scope and not attribute:
            lines = [x for x in lines if scope in x.functions] or lines
        if (growing or node.collection) and not any(x.how in _ADDS for x in lines):
            lines += _in_functions_called(tree, search)
            lines += [line for _, _, line in search.passed]
        ranked = [
            (self._score(x, file, scope, node, growing=growing), x) for x in lines
        ]
        return max(ranked, key=lambda pair: pair[0])[1] if ranked else None

    def _tree(self, file: str, name: str) -> ast.Module | None:
        text = read_source(file)
        key = (file, name if len(text) > 64 << 10 else "")
        if key not in self._trees:
            if self._left <= 0 or name not in text:
                return None
            self._left -= 1
            self._trees[key] = parse(text, name)
        return self._trees[key]

    def _score(
        self, line: Line, file: str, scope: str, node: Node, *, growing: bool
    ) -> tuple[int, int]:
        """Rank a line; of equal assignments the last one that has been run."""
        score = 0
        if line.how in _ADDS:
            # An array does not grow by what is written into it: it was made so large.
            score += 100 if growing or node.collection else 10
        elif line.how == "call":
            score += 40 if growing else 5
        else:
            score += 60 if growing and line.refers_to_itself else 35
        score += 10 * line.in_loop * growing - 5 * line.of_item
        score += 20 * (scope in line.classes or scope in line.functions)
        running = {name: at for where, name, at in self.stack if where == file}
        function = line.functions[-1] if line.functions else "<module>"
        if function in running:
            score += 15
            if line.how == "assign" and line.line > running[function]:
                score -= 25  # not reached yet: it cannot have made what is there now
            score += 8 * (running[function] == line.line)
        return score, line.line if line.how == "assign" else -line.line


def _in_functions_called(tree: ast.Module, search: Search) -> list[Line]:
    """Return adding lines in functions that get the name as an argument."""
    found: list[Line] = []
    for called, position, _ in search.passed[:16]:
        for names in parameters(tree, called):
            if isinstance(position, int):
                at = position + (names[:1] in (["self"], ["cls"]))
                name = names[at] if at < len(names) else ""
            else:
                name = position
            inner = Search(name, attribute=False)
            inner.run(tree, in_module=False)
            found += [
                x for x in inner.lines if x.how in _ADDS and called in x.functions
            ]
    return found
