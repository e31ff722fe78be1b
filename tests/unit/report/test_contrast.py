"""Every colour that carries text has WCAG AA contrast, in light, dark and print."""

from __future__ import annotations

import re
from itertools import product

import pytest

from kerascrash.report.templates import find_templates

LEAST = 4.5
TEXT_ON = {
    "paper": "ink soft data death link",
    "panel": "ink soft death",
    "hit": "ink soft death link",
    "stage": "on-stage",
    "stage-fit": "on-stage",
    "stage-evaluate": "on-stage",
}
BARS = [f"s{number}" for number in range(1, 9)]


def read_themes() -> dict[str, dict[str, str]]:
    """Return the colours of each theme; what dark and print leave out is inherited."""
    style = (find_templates() / "report.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root\{(.*?)\}", style, re.DOTALL)
    themes = [dict(re.findall(r"--([\w-]+):(#[0-9a-f]{3,6})\b", b)) for b in blocks]
    assert len(themes) == 3
    light, dark, paper = themes
    return {"light": light, "dark": {**light, **dark}, "print": {**light, **paper}}


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(c * 2 for c in color[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_the_standards() -> None:
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_text_can_be_read(theme: str) -> None:
    colors = read_themes()[theme]
    for ground, inks in TEXT_ON.items():
        for ink in inks.split():
            assert contrast(colors[ink], colors[ground]) >= LEAST, (ink, ground)
    for bar in BARS:
        assert contrast("#ffffff", colors[bar]) >= LEAST, bar


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
def test_lines_can_be_seen(theme: str) -> None:
    colors = read_themes()[theme]
    for line, ground in product(("data", "second", "death"), ("paper",)):
        assert contrast(colors[line], colors[ground]) >= 3, line
