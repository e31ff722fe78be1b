"""
Which layers read what a layer made, as the graph of a functional model tells.

The list of a model's layers is no chain where branches meet: what an ``Add`` reads of
one branch stands before all of the other. The recorded config names for every layer
those it reads (``inbound_nodes``: ``keras_history`` in Keras 3, lists of ``[name, node,
tensor]`` in Keras 2). Where it names none, the list is taken for a chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

UNKNOWN = -1
"""A reader that is not listed, as of a model cut off: it may need what it reads."""
_DEEPEST = 12
_Config = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Ends:
    """The layers of a part of a model that data enters and leaves by."""

    first: frozenset[int]
    last: frozenset[int]


def readers_of(names: Sequence[str], config: object) -> tuple[tuple[int, ...], ...]:
    """
    Return for each layer the places in ``names`` of those that read it.

    ``names`` are those of the layers that compute, in order; one inside a model or a
    wrapper is named after it and a slash. What no layer reads, the loss does.
    """
    wiring = _Wiring(names)
    wiring.part(range(len(names)), config, "")
    return tuple(tuple(sorted(one)) for one in wiring.readers)


class _Wiring:
    """The readers found so far; parts are wired from the innermost on."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self.readers: list[set[int]] = [set() for _ in names]

    def part(self, span: range, config: object, prefix: str) -> _Ends:
        """Wire a model, or the inside of a wrapper, and return its ends."""
        rows = _rows(config)
        ends = {
            name: self._child(inside, rows.get(name, {}).get("config"), prefix + name)
            for name, inside in self._children(span, prefix).items()
        }
        told = any(row.get("inbound_nodes") for row in rows.values())
        if told and ends.keys() <= rows.keys():  # all of it, and not cut off
            return self._graph(rows, ends, config)
        return self._chain(list(ends.values()))

    def _children(self, span: range, prefix: str) -> dict[str, range]:
        """Return the layers of a part by name: each is one layer, or many inside."""
        found: dict[str, range] = {}
        for at in span:
            name = self._names[at][len(prefix) :].partition("/")[0]
            begin = found[name].start if name in found else at
            found[name] = range(begin, at + 1)
        return found

    def _child(self, inside: range, config: object, path: str) -> _Ends:
        """Wire one layer; what gathers the layers inside it stands behind them."""
        own = frozenset(at for at in inside[-1:] if self._names[at] == path)
        deeper = inside[:-1] if own else inside
        if not deeper or path.count("/") > _DEEPEST:
            return _Ends(frozenset(inside[:1]), frozenset(inside[-1:]))
        ends = self.part(deeper, config, f"{path}/")
        if not own:
            return ends
        self._link(ends.last, own)
        return _Ends(ends.first, own)

    def _chain(self, ends: Sequence[_Ends]) -> _Ends:
        for one, after in pairwise(ends):
            self._link(one.last, after.first)
        if not ends:
            return _Ends(frozenset(), frozenset())
        return _Ends(ends[0].first, ends[-1].last)

    def _graph(
        self, rows: Mapping[str, _Config], ends: Mapping[str, _Ends], config: object
    ) -> _Ends:
        sources = {name: _named(row.get("inbound_nodes")) for name, row in rows.items()}
        for name, read in sources.items():
            for source in read:
                if name in ends:
                    self._link(_made_by(source, sources, ends), ends[name].first)
                elif source in ends:
                    self._link(ends[source].last, {UNKNOWN})
        told = config.get("output_layers") if isinstance(config, Mapping) else None
        last = _named(told) or set([*ends][-1:])
        begins = [one.first for name, one in ends.items() if not sources.get(name)]
        return _Ends(
            frozenset().union(*begins),
            frozenset().union(*(_made_by(one, sources, ends) for one in last)),
        )

    def _link(self, made: frozenset[int], read: frozenset[int] | set[int]) -> None:
        for at in made:
            self.readers[at] |= read


def _made_by(
    name: str, sources: Mapping[str, set[str]], ends: Mapping[str, _Ends]
) -> frozenset[int]:
    """Return the layers that something comes from, operations looked through."""
    seen, left = set[str](), [name]
    found: frozenset[int] = frozenset()
    while left:
        one = left.pop()
        if one in ends:
            found |= ends[one].last
        elif one not in seen:
            seen.add(one)
            left += sources.get(one, ())
    return found


def _rows(config: object) -> dict[str, _Config]:
    """Return the layers in a config by name: of a model, or the one of a wrapper."""
    if not isinstance(config, Mapping):
        return {}
    rows = config.get("layers")
    listed = rows if isinstance(rows, (list, tuple)) else [config.get("layer")]
    return {str(_name_of(row)): row for row in listed if isinstance(row, Mapping)}


def _name_of(row: _Config) -> object:
    config = row.get("config")
    inside = config.get("name") if isinstance(config, Mapping) else None
    return row.get("name") or inside


def _named(nodes: object) -> set[str]:
    """Return the layers that nodes name, wherever in their arguments."""
    found, left = set[str](), [(nodes, _DEEPEST)]
    while left:
        one, depth = left.pop()
        if isinstance(one, Mapping):
            history = one.get("keras_history")
            inside = [history] if history else one.values()
            left += [(part, depth - 1) for part in inside if depth]
        elif isinstance(one, (list, tuple)):
            if len(one) >= 3 and isinstance(one[0], str) and isinstance(one[1], int):
                found.add(one[0])
            elif depth:
                left += [(part, depth - 1) for part in one]
    return found
