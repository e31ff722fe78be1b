"""
What a value that is put into a container was made by: the calls, from the source.

``collected.append(found)`` with ``found = tape.gradient(…)`` gives ``tape.gradient``.
Followed are names within one function, elements of loops and comprehensions, functions
of the same file that take or return it, and calls that hand on what they are given
(``list``, ``tf.identity``, ``x.numpy()``). Wrong where names are bound to several
things: all of them are returned.
"""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_HANDING_ON = frozenset(
    (
        "list", "tuple", "zip", "enumerate", "reversed", "sorted", "dict", "copy",
        "deepcopy", "identity", "stop_gradient", "numpy", "asarray", "array", "cast",
        "convert_to_tensor", "convert_to_numpy", "stack", "concat", "concatenate",
        "reshape", "flatten", "ravel", "clip_by_value", "clip_by_norm",
        "clip_by_global_norm", "items", "values", "map_structure", "detach", "cpu",
    )
)  # fmt: skip
"""What these return is, for our purpose, what they were given."""
_VALUE_FIRST = frozenset(("value_and_grad",))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_HOPS = 6
_MOST = 8
_LONGEST = 80


def origins(tree: ast.Module, line: int) -> list[str]:
    """Return the dotted names of the calls that made what the line puts away."""
    search = _Origins(tree)
    for scope, node in _statements(tree, tree):
        if node.lineno <= line <= (node.end_lineno or node.lineno):
            for value in _put_away(node, line):
                search.follow(value, scope, None, _HOPS)
    return search.found[:_MOST]


class _Origins:
    def __init__(self, tree: ast.Module) -> None:
        self._functions = {
            node.name: node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)
        }
        self._tree = tree
        self._seen: set[tuple[int, str, int | None]] = set()
        self.found: list[str] = []

    def follow(
        self, node: ast.AST, scope: ast.AST, part: int | None, hops: int
    ) -> None:
        """Note the calls behind an expression; ``part``: of which element of it."""
        if hops <= 0 or len(self.found) >= _MOST:
            return
        if isinstance(node, ast.Call):
            self._follow_call(node, scope, part, hops)
        elif isinstance(node, ast.Name):
            self._follow_name(node.id, scope, part, hops)
        elif isinstance(node, (ast.Tuple, ast.List)) and part is not None:
            for one in node.elts[part : part + 1]:
                self.follow(one, scope, None, hops)
        else:
            self._follow_parts(node, scope, part, hops)

    def _follow_parts(
        self, node: ast.AST, scope: ast.AST, part: int | None, hops: int
    ) -> None:
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            self.follow(node.elt, node, None, hops)
            for each in node.generators:
                self.follow(each.iter, scope, None, hops)
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            self.follow(node.value, scope, part, hops)
        else:
            for child in ast.iter_child_nodes(node):
                self.follow(child, scope, None, hops)

    def _follow_call(
        self, call: ast.Call, scope: ast.AST, part: int | None, hops: int
    ) -> None:
        name = _dotted(call.func)
        last = name.rpartition(".")[2]
        if last in _HANDING_ON:
            own = [call.func.value] if isinstance(call.func, ast.Attribute) else []
            for value in [*own, *call.args]:
                self.follow(value, scope, part, hops - 1)
        elif last in self._functions:
            function = self._functions[last]
            for inner, node in _statements(function, function):
                if isinstance(node, ast.Return) and node.value is not None:
                    self.follow(node.value, inner, part, hops - 1)
        elif last in _VALUE_FIRST and part == 0:
            return  # the value and what comes with it, not the gradient
        elif name and name not in self.found:
            self.found.append(name[:_LONGEST])

    def _follow_name(
        self, name: str, scope: ast.AST, part: int | None, hops: int
    ) -> None:
        key = (id(scope), name, part)
        if key in self._seen:
            return
        self._seen.add(key)
        for where, value, element in _bindings(self._tree, scope, name):
            index = part if element is None else element
            self.follow(value, where, index, hops - 1)
        if isinstance(scope, _FUNCTIONS):
            names = [a.arg for a in (*scope.args.posonlyargs, *scope.args.args)]
            if name in names:
                self._follow_argument(scope.name, names, name, hops)

    def _follow_argument(
        self, function: str, names: list[str], name: str, hops: int
    ) -> None:
        at = names.index(name) - (names[0] in ("self", "cls"))
        for where, node in _statements(self._tree, self._tree):
            for call in [n for n in ast.walk(node) if isinstance(n, ast.Call)]:
                if _dotted(call.func).rpartition(".")[2] != function:
                    continue
                given = [k.value for k in call.keywords if k.arg == name]
                given += call.args[at : at + 1] if at >= 0 else []
                for value in given:
                    self.follow(value, where, None, hops - 1)


def _statements(node: ast.AST, scope: ast.AST) -> Iterator[tuple[ast.AST, ast.stmt]]:
    """Yield each simple statement, or head of one, with the function it is in."""
    for child in ast.iter_child_nodes(node):
        inner = child if isinstance(child, _FUNCTIONS) else scope
        if isinstance(child, ast.stmt) and not hasattr(child, "body"):
            yield scope, child
        else:
            yield from _statements(child, inner)


def _put_away(node: ast.stmt, line: int) -> Iterator[ast.AST]:
    """Yield the expressions that a statement adds to something."""
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        if node.value is not None:
            yield node.value
    elif isinstance(node, ast.Expr):
        for call in ast.walk(node.value):
            if not isinstance(call, ast.Call):
                continue
            last = call.end_lineno or call.lineno
            if isinstance(call.func, ast.Attribute) and call.lineno <= line <= last:
                yield from call.args
                return


def _bindings(
    tree: ast.AST, scope: ast.AST, name: str
) -> Iterator[tuple[ast.AST, ast.AST, int | None]]:
    """Yield (scope, value, element of it) for what binds a name in a function."""
    for node in ast.walk(scope if scope is not tree else tree):
        pairs: list[tuple[ast.expr, ast.AST]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs = [(node.target, node.value)]
        elif isinstance(node, (ast.For, ast.comprehension)):
            pairs = [(node.target, node.iter)]
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            pairs = [(node.optional_vars, node.context_expr)]
        for target, value in pairs:
            element = _position(target, name)
            if element is not None:
                yield scope, value, None if element < 0 else element


def _position(target: ast.expr, name: str) -> int | None:
    """Return where a target binds the name: -1 for all of it, None for nowhere."""
    if isinstance(target, ast.Name):
        return -1 if target.id == name else None
    if isinstance(target, (ast.Tuple, ast.List)):
        for index, one in enumerate(target.elts):
            if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(one)):
                return index
    return None


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return f"{inner}.{node.attr}" if inner else node.attr
    return _dotted(node.func) if isinstance(node, ast.Call) else ""
