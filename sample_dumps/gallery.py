"""
Render every sample and control into a folder, with a page that leads to them.

`python sample_dumps/gallery.py [FOLDER]` (default: gallery/), then open its index.html.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from kerascrash import __version__
from kerascrash.cli.cases import diagnose_dumps
from kerascrash.compare import compare
from kerascrash.model.verdict import Diagnosis
from kerascrash.report import words
from kerascrash.report.comparison import html as comparison_page
from kerascrash.report.format import find_formats
from kerascrash.report.html import render_page

HERE = Path(__file__).resolve().parent
LEFT_BEHIND = {
    "kernel.log": "kernel_logs",
    "stderr.txt": "stderrs",
    "system.log": "logs",
}
COMPARED = (("list_leak_cgroup", "clean_exit"), ("list_leak_cgroup", "batch_too_large"))
"""Pairs of samples for the pages of `kerascrash diff`."""


def find_samples() -> list[Path]:
    """Return the folders of the samples, then those of the controls, sorted."""
    found = (dump.parent for dump in HERE.rglob("dump.bin.gz"))
    return sorted(found, key=lambda folder: (folder.parent != HERE, folder.name))


def judge(folder: Path) -> Diagnosis:
    """Return the diagnosis of a sample with everything that lies beside its dump."""
    beside = {
        option: [str(folder / name)]
        for name, option in LEFT_BEHIND.items()
        if (folder / name).exists()
    }
    return diagnose_dumps([str(folder / "dump.bin.gz")], **beside)


def render_all(target: Path) -> list[Path]:
    """Write every page into the folder ``target`` and return their paths."""
    target.mkdir(parents=True, exist_ok=True)
    judged = {folder.name: judge(folder) for folder in find_samples()}
    pages = []
    for name, diagnosis in judged.items():
        for kind in find_formats().values():
            page = target / f"{name}{kind.suffix}"
            page.write_text(kind.render(diagnosis), encoding="utf-8")
            pages.append(page)
    for one, other in COMPARED:
        page = target / f"{one}-and-{other}.html"
        comparison = compare(judged[one], judged[other])
        page.write_text(comparison_page.render(comparison), encoding="utf-8")
        pages.append(page)
    index = target / "index.html"
    index.write_text(render_page("gallery.html", _values(judged)), encoding="utf-8")
    return [index, *pages]


def _values(judged: dict[str, Diagnosis]) -> dict[str, Any]:
    controls = {folder.name for folder in find_samples() if folder.parent != HERE}
    rows = [
        {
            "name": name,
            "sentence": words.headline(diagnosis)[0],
            "verdict": diagnosis.verdict,
            "signature": diagnosis.signature,
            "control": name in controls,
        }
        for name, diagnosis in judged.items()
    ]
    return {
        "samples": [row for row in rows if not row["control"]],
        "controls": [row for row in rows if row["control"]],
        "suffixes": sorted(kind.suffix for kind in find_formats().values()),
        "pairs": COMPARED,
        "version": __version__,
    }


if __name__ == "__main__":
    print(render_all(Path(sys.argv[1] if sys.argv[1:] else "gallery"))[0])
