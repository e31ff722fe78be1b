"""A comparison as one HTML file, like the report: no network, the same policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerascrash import __version__
from kerascrash.report.charts.courses import build_courses
from kerascrash.report.comparison import view
from kerascrash.report.html import render_page
from kerascrash.report.shared import WARNING, replaced_rows

if TYPE_CHECKING:
    from kerascrash.model.comparison import Comparison, Side

MOST_ROWS = 80


def render(comparison: Comparison) -> str:
    """Return the page; the same comparison gives the same bytes."""
    return render_page("comparison.html", _values(comparison))


def _values(comparison: Comparison) -> dict[str, Any]:
    ended, most = view.headline(comparison)
    shown = comparison.differences[:MOST_ROWS]
    heaviest = max((d.weight for d in shown), default=0) or 1
    return {
        "version": __version__,
        "ended": ended,
        "most": most,
        "sides": [_side("A", comparison.a), _side("B", comparison.b)],
        "chart": build_courses(comparison),
        "rows": [
            {
                "group": comparison.titles.get(each.group, each.group),
                "name": each.name,
                "code": each.group in view.CODE,
                "a": view.value_text(each.a, each.unit),
                "b": view.value_text(each.b, each.unit),
                "change": view.change_text(each),
                "note": each.note,
                "share": round(100 * each.weight / heaviest, 1),
            }
            for each in shown
        ],
        "rest": len(comparison.differences) - len(shown),
        "unknown": comparison.unknown,
        "redaction": comparison.redaction,
        "replaced": replaced_rows(comparison.redaction),
        "sharing_warning": WARNING,
    }


def _side(label: str, side: Side) -> dict[str, Any]:
    return {
        "label": label,
        "name": view.run_name(side),
        "ended": view.ended_text(side),
        "lived": side.lived,
        "death": side.death,
        "facts": view.facts_of(side),
    }
