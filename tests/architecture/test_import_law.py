"""Data flows one way: which package may import which, read from the source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "kerascrash"
LEAVES = {"errors", "units"}
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "units": set(),
    "dump": set(),
    "probes": set(),
    "model": set(),
    "record": {"dump", "probes"},
    "watch": {"dump", "probes"},
    "collect": {"dump", "model"},
    "estimate": {"model"},
    "detect": {"model", "estimate"},
    "causes": {"model"},
    "factors": {"model"},
    "diagnose": {"detect", "causes", "factors", "estimate", "model"},
    "compare": {"estimate", "model"},
    "report": {"model"},
    "redact": {"model"},
    "arm": {"record"},
    "__init__": {"arm"},
}
ANY = {"cli", "__main__"}
RECORDER_SIDE = {"dump", "probes", "record", "watch", "arm", "__init__"}
FOREIGN = {
    "click", "elftools", "google", "jax", "jinja2", "keras", "numpy", "rich",
    "tensorflow", "tomli", "torch",
}  # fmt: skip
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """Return the package or top-level module of ours that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_names(path: Path) -> set[str]:
    """Return every absolute module name that a file imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_imports_only_what_the_law_allows(path: Path) -> None:
    room = room_of(path)
    ours = {
        n.split(".")[1] for n in imported_names(path) if n.startswith("kerascrash.")
    }
    ours -= {"__version__"}
    if room in ANY:
        return
    permitted = ALLOWED.get(room, set()) | LEAVES | {room}
    assert ours <= permitted, f"{room} imports {sorted(ours - permitted)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_recorders_side_imports_nothing_heavy(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported_names(path)}
    assert "faulthandler" not in roots
    if room_of(path) in RECORDER_SIDE:
        assert not roots & FOREIGN


def test_the_law_knows_every_room() -> None:
    assert {room_of(p) for p in MODULES} <= set(ALLOWED) | ANY | {"__init__"}
