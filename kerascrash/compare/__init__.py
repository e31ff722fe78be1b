"""Two judged runs become the list of what differs between them."""

from __future__ import annotations

from kerascrash.compare.engine import compare, load_parts

__all__ = ["compare", "load_parts"]
