"""
The report as one HTML file that opens anywhere: no network, no other file.

Its Content-Security-Policy allows the one script whose hash it names; whatever a
crashed process left behind cannot run, load or send anything.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from kerascrash.report.format import Format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kerascrash.model.verdict import Diagnosis


def render(diagnosis: Diagnosis) -> str:
    """Return the page; the same diagnosis gives the same bytes."""
    from kerascrash.report.page import page_values

    return render_page("report.html", page_values(diagnosis))


def render_page(template: str, values: Mapping[str, Any]) -> str:
    """Return a page of ours: the common style and script, and the policy for them."""
    from markupsafe import Markup

    from kerascrash.report.safe_text import encodable
    from kerascrash.report.templates import find_templates, open_environment

    folder = find_templates()
    style = (folder / "report.css").read_text(encoding="utf-8")
    script = (folder / "report.js").read_text(encoding="utf-8")
    page = (
        open_environment()
        .get_template(template)
        .render(
            values,
            policy=Markup(_policy(script)),
            style=Markup(style),
            script=Markup(script),
        )
    )
    return encodable(page)


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
        f"script-src 'sha256-{digest}'"
    )


FORMAT = Format("html", ".html", render)
