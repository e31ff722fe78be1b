"""The line that makes a name grow is found in the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerascrash.record.lines import Lines
from kerascrash.record.tally import Node

CASES = {
    "append in a loop": (
        "history", "", "",
        "history = []\nfor i in range(9):\n    x = i\n    history.append(x)\n",
        4, "append",
    ),
    "append inside a function, to a list of the module": (
        "history", "", "",
        "history = []\ndef run():\n    for i in range(9):\n        history.append(i)\n",
        4, "append",
    ),
    "a local list of the same name is another list": (
        "history", "", "",
        ("history = []\ndef other():\n    history = []\n    history.append(1)\n"
        "def mine():\n    history.extend([1])\n"),
        6, "extend",
    ),
    "an attribute": (
        "Trainer.history", "Trainer", "",
        ("class Trainer:\n    def __init__(self):\n        self.history = []\n"
        "    def step(self, x):\n        self.history.append(x)\n"),
        5, "append",
    ),
    "an attribute through an alias": (
        "Trainer.history", "Trainer", "",
        ("class Trainer:\n    def __init__(self):\n        self.history = []\n"
        "    def step(self, x):\n        kept = self.history\n"
            "        kept.append(x)\n"),
        6, "append",
    ),
    "an attribute from outside the class": (
        "Trainer.history", "Trainer", "",
        ("class Trainer:\n    def __init__(self):\n        self.history = []\n"
        "t = Trainer()\nwhile True:\n    t.history.append(1)\n"),
        6, "append",
    ),
    "an entry of a dict": (
        "cache['x']", "", "x",
        ("cache = {'x': [], 'y': []}\nfor i in range(3):\n    cache['y'].append(i)\n"
        "    cache['x'].append(i)\n"),
        4, "append",
    ),
    "a dict by key": (
        "cache", "", "",
        "cache = {}\nfor i in range(3):\n    cache[i] = bytes(i)\n",
        3, "setitem",
    ),
    "setdefault": (
        "cache", "", "",
        "cache = {}\nfor i in range(3):\n    cache.setdefault(i % 2, []).append(i)\n",
        3, "append",
    ),
    "an entry that setdefault makes": (
        "cache['x']", "", "x",
        ("cache = {}\nfor i in range(3):\n    cache.setdefault('y', []).append(i)\n"
        "    cache.setdefault('x', []).append(i)\n"),
        4, "append",
    ),
    "an entry by a local name that setdefault gives": (
        "cache['x']", "", "x",
        ("cache = {}\ndef remember(tag, value):\n"
        "    bucket = cache.setdefault(tag, [])\n    bucket.append(value)\n"),
        4, "append",
    ),
    "an entry by a local name": (
        "cache['x']", "", "x",
        ("cache = {'x': []}\ndef remember(value):\n    other = cache['y']\n"
        "    other.append(value)\n    mine = cache['x']\n    mine.append(value)\n"),
        6, "append",
    ),
    "a dict of lists by a local name": (
        "cache", "", "",
        ("cache = {}\ndef remember(tag, value):\n    bucket = cache[tag]\n"
        "    bucket.append(value)\n"),
        4, "append",
    ),
    "a dict of lists through its values": (
        "cache", "", "",
        ("cache = {}\ndef remember(value):\n    for bucket in cache.values():\n"
        "        bucket.append(value)\n"),
        4, "append",
    ),
    "an attribute's entry by a local name": (
        "Store.parts['x']", "Store", "x",
        ("class Store:\n    def add(self, tag, value):\n"
        "        part = self.parts.get(tag)\n        part.append(value)\n"),
        4, "append",
    ),
    "an entry of a dict in a dict": (
        "results['val']['preds']", "", "val/preds",
        ("results = {'train': {'preds': []}, 'val': {'preds': [], 'loss': []}}\n"
        "for i in range(3):\n    results['train']['preds'].append(i)\n"
        "    results['val']['loss'].append(i)\n"
        "    results['val']['preds'].append(i)\n"),
        5, "append",
    ),
    "an entry of a dict in a dict by a local name": (
        "results['val']['preds']", "", "val/preds",
        ("results = {}\ndef note(i):\n    train, val = results['train'], 0\n"
        "    val = results['val']\n    val['loss'].append(i)\n"
        "    val['preds'].append(i)\n"),
        6, "append",
    ),
    "augmented assignment": (
        "total", "", "",
        "total = []\nfor i in range(3):\n    total += [i]\n",
        3, "augassign",
    ),
    "a function that gets the list": (
        "kept", "", "",
        ("def remember(store, x):\n    store.append(x)\n\nkept = []\n"
        "for i in range(3):\n    remember(kept, i)\n"),
        2, "append",
    ),
    "a method that gets the list": (
        "kept", "", "",
        ("class A:\n    def put_in(self, x, store):\n        store.append(x)\n\n"
        "kept = []\nfor i in range(3):\n    A().put_in(i, kept)\n"),
        3, "append",
    ),
    "a library's function that gets the list": (
        "heap", "", "",
        "import heapq\nheap = []\nfor i in range(3):\n    heapq.heappush(heap, i)\n",
        4, "call",
    ),
}  # fmt: skip


def node_for(owner: str, file: Path, scope: str, key: str, *, collection: bool) -> Node:
    """Return a node as the survey makes it."""
    name = owner.rpartition(".")[2].partition("[")[0]
    node = Node(owner, owner, "module", (str(file), scope), owner)
    node.target = (name, "." in owner, tuple(key.split("/")) if key else ())
    node.collection = collection
    return node


def find(node: Node, stack: list[tuple[str, str, int]], *, growing: bool) -> object:
    """Return line and how."""
    lines = Lines()
    lines.begin(1, stack, [])
    place, how = lines.find(node, growing=growing)
    return (place["line"], how) if place else None


@pytest.mark.parametrize("name", CASES)
def test_a_growing_container(name: str, tmp_path: Path) -> None:
    owner, scope, key, text, line, how = CASES[name]
    file = tmp_path / "train.py"
    file.write_text(text)
    node = node_for(owner, file, scope, key, collection=True)
    assert find(node, [], growing=True) == (line, how)


def test_of_two_assignments_the_one_that_has_been_run(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text("x = load()\nx = x / 255.0\nfit(x)\nx = None\n")
    node = node_for("x", file, "", "", collection=False)
    running = [(str(file), "<module>", 3)]
    assert find(node, running, growing=False) == (2, "assign")


def test_a_growing_array_is_assigned_from_itself(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text(
        "a = zeros(1)\nfor i in range(3):\n    a = concatenate([a, b])\nprint(a)\n"
    )
    node = node_for("a", file, "", "", collection=False)
    assert find(node, [], growing=True) == (3, "assign")


def test_a_local_variable_is_searched_in_its_function(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text("def a():\n    x = big()\n\ndef b():\n    x = small()\n")
    node = node_for("x", file, "a", "", collection=False)
    assert find(node, [], growing=False) == (2, "assign")


def test_a_long_file_is_searched_in_parts(tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    filler = "".join(f"def f{n}(a):\n    return a + {n}\n\n" for n in range(4000))
    file.write_text(
        f"history = []\n{filler}\ndef step(x):\n    if x:\n        history.append(x)\n"
    )
    node = node_for("history", file, "", "", collection=True)
    found = find(node, [], growing=True)
    assert found == (file.read_text().splitlines().index("def step(x):") + 3, "append")


@pytest.mark.parametrize("text", ["history = [", "\0", "x = 1\n", ""])
def test_what_cannot_be_searched_gives_no_place(text: str, tmp_path: Path) -> None:
    file = tmp_path / "train.py"
    file.write_text(text)
    node = node_for("history", file, "", "", collection=True)
    assert find(node, [], growing=True) is None
