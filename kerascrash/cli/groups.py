"""Dumps that died the same death, counted by signature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def group_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """
    Return one group per signature, the most frequent first, then the newest.

    ``rows`` are those of ``kerascrash list``, newest first; those that were not judged
    belong to none.
    """
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["signature"]:
            found.setdefault(row["signature"], []).append(row)
    groups = [
        {
            "signature": signature,
            "text": members[0]["signature_text"],
            "count": len(members),
            "newest": members[0]["modified"],
            "oldest": members[-1]["modified"],
            "verdict": members[0]["verdict"],
            "paths": [row["path"] for row in members],
        }
        for signature, members in found.items()
    ]
    return sorted(groups, key=lambda group: (-group["count"], -group["newest"]))


def group_lines(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the groups as text, then what could not be grouped."""
    from kerascrash.report.safe_text import safe_line
    from kerascrash.report.words import utc

    for group in group_rows(rows):
        times = "once" if group["count"] == 1 else f"{group['count']} times"
        yield f"{group['signature']}  {times}  {safe_line(group['text'])}"
        yield f"    {group['verdict']}"
        for row in rows:
            if row["signature"] == group["signature"]:
                yield f"    {utc(row['modified'])}  {safe_line(row['path'])}"
    rest = [row for row in rows if not row["signature"]]
    if rest:
        yield "not judged"
    for row in rest:
        told = "still running" if row["running"] else row["verdict"] or "not looked at"
        yield f"    {utc(row['modified'])}  {safe_line(row['path'])}  {told}"
