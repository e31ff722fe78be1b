"""Xid lines by their catalogue."""

from __future__ import annotations

import pytest

from kerascrash.collect.log_text import make_logs
from kerascrash.detect.kernel_xid import detect, load_catalogue
from kerascrash.model.case import Case
from kerascrash.model.evidence import Unavailable

NONE = Unavailable("dump", "nothing was armed")


def observe(line: str, death: float | None = None) -> tuple[str, float]:
    logs = tuple(make_logs([line], "kernel", "dmesg"))
    (finding,) = detect(Case("linux", NONE, NONE, NONE, NONE, logs, death))
    return finding.id, finding.strength


@pytest.mark.parametrize(
    ("code", "finding"),
    [(79, "xid_hardware"), (48, "xid_hardware"), (31, "xid_app"), (119, "xid_driver")],
)
def test_classes(code: int, finding: str) -> None:
    line = f"[9.9] NVRM: Xid (PCI:0000:65:00): {code}, pid=4711, name=python, Ch 8"
    assert observe(line) == (finding, 1.0)


def test_old_format_and_unknown_code() -> None:
    assert observe("[9.9] NVRM: Xid (0000:01:00): 13, 0005 00000000")[0] == "xid_app"
    assert observe("[9.9] NVRM: Xid (PCI:0000:01:00): 999, Ch 1")[0] == "xid_other"


def test_an_old_xid_is_weak() -> None:
    line = "2024-01-01T10:00:00Z box kernel: NVRM: Xid (PCI:0000:65:00): 79, pid=1"
    assert observe(line, 1704103200.0 + 7200)[1] < 0.2
    assert observe(line, 1704103200.0 + 5)[1] == 1.0


def test_the_catalogue_is_whole() -> None:
    catalogue = load_catalogue()
    assert len(catalogue) > 140
    assert {kind for kind, _ in catalogue.values()} == {
        "hardware",
        "driver",
        "app",
        "other",
    }
