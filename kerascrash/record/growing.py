"""
The line that makes a name grow, found in the source: a static search, once per name.

Looked for are calls that add (``append``, ``update`` …), item and augmented assignment
and plain assignment, on the name itself, on an alias of it, and on the parameter of a
function that it is passed to. Wrong when code is made at run time, or when names are
changed from another file than the one that defines them.
"""

from __future__ import annotations

import ast

from kerascrash.record.syntax import binds, flat, taken_from

ADDING = frozenset(
    (
        "append", "appendleft", "extend", "extendleft", "insert", "add", "update",
        "setdefault", "push", "put", "put_nowait", "write",
    )
)  # fmt: skip
_VIEWS = frozenset(("values", "items"))
_HOW = {"extend": "extend", "extendleft": "extend", "update": "extend"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (
    ast.For,
    ast.While,
    ast.AsyncFor,
    ast.comprehension,
    ast.ListComp,
    ast.DictComp,
)


class Line:
    """A candidate: where, how, and in what surroundings."""

    __slots__ = (
        "classes", "functions", "how", "in_loop", "line", "of_item", "refers_to_itself",
    )  # fmt: skip

    def __init__(self, line: int, how: str, scopes: list[ast.AST]) -> None:
        self.line = line
        self.how = how
        self.functions = [
            getattr(n, "name", "<lambda>") for n in scopes if isinstance(n, _FUNCTIONS)
        ]
        self.classes = [n.name for n in scopes if isinstance(n, ast.ClassDef)]
        self.in_loop = any(isinstance(n, _LOOPS) for n in scopes)
        self.refers_to_itself = False
        self.of_item = False
        """Told by a local name of an item, which may be another's by then."""


class Search:
    """
    Collects the lines that change ``name``, which is an attribute when ``attribute``.

    ``keys`` narrow it to one entry of a dict, or of a dict in it: ``name[key]``.
    """

    def __init__(
        self, name: str, *, attribute: bool, keys: tuple[object, ...] = ()
    ) -> None:
        self.name = name
        self.attribute = attribute
        self.keys = keys
        self.lines: list[Line] = []
        self.passed: list[tuple[str, int | str, Line]] = []
        """Functions that get it as an argument: name, position or keyword, where."""
        self._aliases: list[tuple[str, int, list[ast.AST]]] = []
        """Other names: of which depth (see ``_depth``); the functions around."""
        self._in_module = False

    def run(self, tree: ast.AST, *, in_module: bool) -> None:
        """Search a tree; ``in_module``: the name is the module's, not a local one."""
        self._in_module = in_module and not self.attribute
        self._visit(tree, [])
        for alias, depth, scopes in self._aliases[:8]:
            of_item = depth > len(self.keys)
            inner = Search(alias, attribute=False, keys=self.keys[depth:])
            inner._visit(scopes[-1] if scopes else tree, scopes[:-1])
            # An item that is an array is changed in place by an augmented assignment.
            other = ("assign", "augassign") if of_item else ("assign",)
            for one in inner.lines:
                one.of_item = one.of_item or of_item
            self.lines += [one for one in inner.lines if one.how not in other]

    def _visit(self, node: ast.AST, scopes: list[ast.AST]) -> None:
        if self._in_module and isinstance(node, _FUNCTIONS) and binds(node, self.name):
            return  # a local variable of the same name
        self._match(node, scopes)
        inside = (*_FUNCTIONS, *_LOOPS, ast.ClassDef)
        deeper = [*scopes, node] if isinstance(node, inside) else scopes
        for child in ast.iter_child_nodes(node):
            self._visit(child, deeper)

    def _match(self, node: ast.AST, scopes: list[ast.AST]) -> None:
        if isinstance(node, ast.Call):
            self._match_call(node, scopes)
        elif isinstance(node, ast.AugAssign):
            if self._is_it(node.target) or self._is_item(node.target):
                self._found(node, "augassign", scopes)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            self._match_assign(node, scopes)
        elif isinstance(node, (ast.For, ast.NamedExpr, ast.With)):
            self._match_binding(node, scopes)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._match_decorated(node, scopes)

    def _match_decorated(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, scopes: list[ast.AST]
    ) -> None:
        """A decorator such as ``lru_cache`` may have made an object of a function."""
        if node.decorator_list and node.name == self.name and not self.attribute:
            self._found(node, "assign", scopes)

    def _match_call(self, node: ast.Call, scopes: list[ast.AST]) -> None:
        function = node.func
        target, adding = None, ""
        if isinstance(function, ast.Attribute):
            target, adding = function.value, function.attr
        if target is not None and adding in ADDING and self._grows(target):
            self._found(node, _HOW.get(adding, "append"), scopes)
            return
        called = getattr(function, "id", getattr(function, "attr", ""))
        arguments: list[tuple[int | str, ast.expr]] = list(enumerate(node.args))
        arguments += [(x.arg, x.value) for x in node.keywords if x.arg]
        for position, value in arguments:
            if self._is_it(value):
                line = Line(node.lineno, "call", scopes)
                self.passed.append((called, position, line))

    def _grows(self, target: ast.expr) -> bool:
        return self._is_it(target) or self._is_item(target)

    def _match_assign(
        self, node: ast.Assign | ast.AnnAssign, scopes: list[ast.AST]
    ) -> None:
        targets: list[ast.expr] = (
            [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if isinstance(node, ast.Assign):
            targets = node.targets
        value = node.value
        for target in flat(targets):
            if isinstance(target, ast.Subscript) and self._is_item(target):
                self._found(node, "setitem", scopes)
            elif self._is_it(target):
                self._found(node, "assign", scopes).refers_to_itself = self._uses(value)
            elif value is not None:
                self._match_alias(target, value, scopes)

    def _match_alias(
        self, target: ast.expr, value: ast.AST, scopes: list[ast.AST]
    ) -> None:
        depth = self._depth(value)
        if isinstance(target, ast.Name) and depth >= 0:
            functions: list[ast.AST] = [n for n in scopes if isinstance(n, _FUNCTIONS)]
            self._aliases.append((target.id, depth, functions))

    def _match_binding(
        self, node: ast.For | ast.NamedExpr | ast.With, scopes: list[ast.AST]
    ) -> None:
        if isinstance(node, ast.With):
            targets = [item.optional_vars for item in node.items if item.optional_vars]
        else:
            targets = [node.target]
        if isinstance(node, ast.For) and self._gives_items(node.iter):
            functions: list[ast.AST] = [n for n in scopes if isinstance(n, _FUNCTIONS)]
            names = [one.id for one in flat(targets) if isinstance(one, ast.Name)]
            one_in = len(self.keys) + 1
            self._aliases += [(name, one_in, functions) for name in names]
        if any(self._is_it(target) for target in flat(targets)):
            self._found(node, "assign", scopes)

    def _found(
        self, node: ast.stmt | ast.expr, how: str, scopes: list[ast.AST]
    ) -> Line:
        line = Line(node.lineno, how, scopes)
        self.lines.append(line)
        return line

    def _uses(self, value: ast.AST | None) -> bool:
        return value is not None and any(self._is_it(n) for n in ast.walk(value))

    def _gives_items(self, node: ast.expr) -> bool:
        """``for part in cache.values()``, or in the list itself."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return node.func.attr in _VIEWS and self._is_it(node.func.value)
        return self._is_it(node)

    def _is_it(self, node: ast.AST | None) -> bool:
        return self._depth(node) == len(self.keys)

    def _is_item(self, node: ast.AST) -> bool:
        """Return whether the node is an item of it, at whatever depth."""
        return self._depth(node) > len(self.keys)

    def _depth(self, node: ast.AST | None) -> int:
        """
        Return how many keys lead from the name to the node: 0 for the name itself.

        A key that is no constant may be the right one; -1 where it is something else.
        """
        taken: list[ast.expr] = []
        while not self._is_name(node):
            step = taken_from(node)
            if step is None:
                return -1
            node, key = step
            taken.insert(0, key)
        for key, wanted in zip(taken, self.keys, strict=False):
            if isinstance(key, ast.Constant) and key.value != wanted:
                return -1
        return len(taken)

    def _is_name(self, node: ast.AST | None) -> bool:
        if self.attribute:
            return isinstance(node, ast.Attribute) and node.attr == self.name
        return isinstance(node, ast.Name) and node.id == self.name
