"""The template engine: where templates are, and what keeps their values harmless."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kerascrash.model.certainty import certainty_word
from kerascrash.report import words
from kerascrash.report.compiled import CompiledTemplates
from kerascrash.report.excerpt import dedent
from kerascrash.report.safe_text import LONGEST, cut, safe_block, safe_line
from kerascrash.units import format_bytes, line_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATH = re.compile(r"[ML0-9. -]*")
_QUOTED = re.compile(r"(<code>.*?</code>)")
_PERCENT = re.compile(r"(?<=\d) ?%(?![\w-])")
_CODE = re.compile(r"`([^`\n]+)`")


def find_templates() -> Path:
    """Return the folder of templates: beside the package, or inside it in a wheel."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_templates"
    return inside if inside.is_dir() else package.parent / "templates"


@functools.lru_cache(maxsize=1)
def open_environment() -> Environment:
    """
    Return an environment that escapes everything.

    Every value on its way out goes through ``_harmless``: no template can forget it.
    """
    environment = Environment(
        loader=FileSystemLoader(find_templates()),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=CompiledTemplates(Path(__file__).read_bytes()),
        # Folded constants would keep what a filter said when it was compiled.
        optimized=False,
    )
    environment.filters.update(_FILTERS)
    return environment


def _harmless(value: Any) -> Any:
    if isinstance(value, Markup):
        return value
    if isinstance(value, (int, float)):
        return value
    return "" if value is None else safe_line(str(value), LONGEST)


def _block(value: object, limit: int = LONGEST) -> Markup:
    """Return text with its line ends and tabs kept, for ``<pre>``."""
    return Markup.escape(safe_block(str(value), limit))


def _source(text: object, limit: int = LONGEST) -> Markup:
    """Return a line of source; its indentation stays where the line is broken."""
    shown = str(_block(text, limit))
    bare = shown.lstrip(" ")
    return Markup("\N{NO-BREAK SPACE}" * (len(shown) - len(bare)) + bare)


def _quoted(text: object) -> Markup:
    """Return text whose `backticks` become ``<code>``."""
    escaped = str(Markup.escape(safe_line(str(text))))
    return Markup(_CODE.sub(r"<code>\1</code>", escaped))


def _prose(text: object) -> Markup:
    """Return a sentence of ours; a percentage is written as everywhere, on one line."""
    parts = _QUOTED.split(str(_quoted(text)))
    said = [_PERCENT.sub("\N{NO-BREAK SPACE}%", part) for part in parts[::2]]
    parts[::2] = said
    return Markup("".join(parts))


def _drawn(path: str) -> Markup:
    """Return a path computed here; anything but its letters and numbers is refused."""
    return Markup(path if _PATH.fullmatch(path) else "")


def _bytes(count: float | None) -> str:
    return "–" if count is None else format_bytes(count)


def _per_step(count: float | None) -> str:
    if not count:
        return "–"
    return f"{'+' if count > 0 else ''}{format_bytes(count)}"


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, (int, float)) else "–"


def _weight(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _shape(value: object) -> str:
    """Return a shape as Python writes it: ``(None, 1024)``."""
    if not isinstance(value, (list, tuple)):
        return "" if value is None else str(value)
    return f"({', '.join(str(item) for item in value)}{',' * (len(value) == 1)})"


_FILTERS: Mapping[str, Any] = {
    "block": _block,
    "source": _source,
    "quoted": _quoted,
    "prose": _prose,
    "capital": words.capital,
    "drawn": _drawn,
    "dedent": dedent,
    "bytes": _bytes,
    "per_step": _per_step,
    "count": _count,
    "weight": _weight,
    "shape": _shape,
    "cut": lambda text, limit: cut(str(text), limit),
    "percent": words.percent,
    "certainty": certainty_word,
    "place": words.place_text,
    "at": line_in_words,
    "effect": words.effect,
    "held": words.held_word,
    "each": words.each,
    "utc": words.utc,
    "clock": lambda time: words.utc(time, date=False),
}
