"""
From an entry of the inventory to the line of source that makes it grow.

Every name is searched for once (and once more when it turns out to grow, and when a
notebook has a new cell); parsing costs about 1 ms per kilobyte, so a caller says how
much may be parsed now. A search that had to stop for that goes on at the next scan.
"""

from __future__ import annotations

import ast

from kerascrash.record.cells import MAIN_FILE, cell_files, shown_file
from kerascrash.record.growing import Line, Search
from kerascrash.record.origins import origins
from kerascrash.record.sources import excerpt, read_source
from kerascrash.record.syntax import parameters, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.record.tally import Node

    Stack = list[tuple[str, str, int]]

_ADDS = frozenset(("append", "extend", "setitem", "augassign"))
OTHER_FILES = 8
CELLS = 100
KEPT, TREES_KEPT = 500, 64


class Lines:
    """Finds and remembers lines; ``begin`` sets how much may be parsed now."""

    def __init__(self) -> None:
        self._found: dict[
            tuple[str, bool], tuple[dict[str, Any] | None, str | None]
        ] = {}
        self._trees: dict[tuple[str, str], ast.Module | None] = {}
        self._left = 0
        self._cells: list[str] = []
        self._stopped = self._goes_on = False
        self.stack: Stack = []
        self.files: list[str] = []

    def begin(self, characters: int, stack: Stack, files: list[str]) -> None:
        """Set how much one scan may parse, what runs now, and the user's files."""
        self._left, self.stack, self.files = characters, stack, files
        self._goes_on = False
        cells = cell_files()[:CELLS]
        if len(self._found) > KEPT or cells != self._cells:
            self._found.clear()
        self._cells = cells

    def end(self) -> None:
        """Let go of the syntax trees, unless a search goes on with them."""
        if not self._goes_on or len(self._trees) > TREES_KEPT:
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
            self._stopped = False
            try:
                found = self._search(node, growing=growing)
            except RecursionError:
                found = (None, None)
            if self._stopped and len(self._trees) <= TREES_KEPT:
                self._goes_on = True
                return found
            self._found[key] = found
        return self._found[key]

    def _search(
        self, node: Node, *, growing: bool
    ) -> tuple[dict[str, Any] | None, str | None]:
        home, scope = node.home
        own = self._expand([home])
        found = self._best(own, scope, node, growing=growing)
        if found is None or (growing and found[1].how not in _ADDS):
            others = [f for f in self.files if f != home][:OTHER_FILES]
            for other in [f for f in self._expand(others) if f not in own]:
                another = self._best([other], None, node, growing=growing)
                if another is not None and another[1].how in _ADDS:
                    found = another
                    break
        if found is None:
            return None, None
        file, best = found
        function = best.functions[-1] if best.functions else "<module>"
        place: dict[str, Any] = {"file": shown_file(file), "line": best.line}
        place["function"] = function
        place["excerpt"] = excerpt(file, best.line)
        tree = self._tree(file, node.target[0])
        if tree is not None and best.how in _ADDS:
            place["made_by"] = origins(tree, best.line)
        return place, best.how

    def _expand(self, files: list[str]) -> list[str]:
        """Put the cells in the place of a ``__main__`` that is a notebook."""
        return [
            each
            for file in files
            for each in (self._cells or [file] if file == MAIN_FILE else [file])
        ]

    def _best(
        self, files: list[str], scope: str | None, node: Node, *, growing: bool
    ) -> tuple[str, Line] | None:
        """Return the best line, of equals in the first file; no ``scope``: foreign."""
        ranked = [
            (score, file, line)
            for file in files
            for score, line in self._rank(file, scope, node, growing=growing)
        ]
        if not ranked:
            return None
        best = max(score[0] for score, _, _ in ranked)
        first = next(file for score, file, _ in ranked if score[0] == best)
        found = [row for row in ranked if row[1] == first]
        return first, max(found, key=lambda row: row[0])[2]

    def _rank(
        self, file: str, scope: str | None, node: Node, *, growing: bool
    ) -> list[tuple[tuple[int, int], Line]]:
        name, attribute, keys = node.target
        tree = self._tree(file, name)
        if tree is None:
            return []
        search = Search(name, attribute=attribute, keys=keys)
        search.run(tree, in_module=scope == "")
        scope = scope or ""
        lines = list(search.lines)
        if scope and not attribute:
            lines = [x for x in lines if scope in x.functions] or lines
        if node.link and not any(x.refers_to_itself for x in lines):
            lines += _linking(tree, node.link)
        if (growing or node.collection) and not any(x.how in _ADDS for x in lines):
            lines += _in_functions_called(tree, search)
            lines += [line for _, _, line in search.passed]
        return [(self._score(x, file, scope, node, growing=growing), x) for x in lines]

    def _tree(self, file: str, name: str) -> ast.Module | None:
        text = read_source(file)
        key = (file, name if len(text) > 64 << 10 else "")
        if key not in self._trees:
            if name not in text:
                return None
            if self._left <= 0:
                self._stopped = True
                return None
            self._left -= len(text)
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


def _linking(tree: ast.Module, link: str) -> list[Line]:
    """Return the lines that hang an object on another one, as ``tail.next = node``."""
    search = Search(link, attribute=True)
    search.run(tree, in_module=False)
    found = [line for line in search.lines if "__init__" not in line.functions]
    for line in found:
        line.refers_to_itself = True
    return found


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
