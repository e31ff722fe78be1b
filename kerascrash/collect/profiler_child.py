"""
A process of its own that asks the profiler's tools (xprof) about one trace.

``python profiler_child.py TRACE ANSWER``: they write files beside the trace, print on
standard error, may crash or hang, and answer ``None`` or nothing where they fail. The
answer is JSON: {version, tools {tool: {state, error, data}}, modules {name: data}};
``state`` is ``ok``, ``none``, ``empty`` or ``failed``. The trace must be a copy.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

TOOLS = ("memory_profile", "framework_op_stats")
VIEWER = "memory_viewer"
MOST_MODULES = 12
_HLO = ".hlo_proto.pb"
_NO_MODULE = "NO_MODULE"
_OPTIONS = {"use_saved_result": False}


def main(trace: str, answer: str) -> None:
    # This file's folder is no place to import from.
    sys.path[:] = [path for path in sys.path if path != os.path.dirname(__file__)]
    try:
        library, version = _library()
    except Exception as error:
        told: dict[str, Any] = {"version": "", "failed": _words(error)}
    else:
        convert = library.xspace_to_tool_data
        with contextlib.suppress(Exception):
            library.xspace_to_tool_names([trace])  # unpacks the compiled modules
        told = {
            "version": version,
            "tools": {tool: _ask(convert, trace, tool, {}) for tool in TOOLS},
            "modules": _modules(convert, trace),
        }
    with open(answer, "w", encoding="ascii") as file:
        json.dump(told, file)


def _library() -> tuple[Any, str]:
    """Return the converter of whichever package is there; raises ImportError."""
    from importlib import import_module, metadata

    try:
        module, name = import_module("xprof.convert.raw_to_tool_data"), "xprof"
    except ImportError:
        name = "tensorboard_plugin_profile"
        module = import_module(f"{name}.convert.raw_to_tool_data")
    return module, f"{name} {metadata.version(name)}"


def _ask(
    convert: Callable[..., Any], trace: str, tool: str, options: dict[str, str]
) -> dict[str, Any]:
    try:
        data, _ = convert([trace], tool, {**_OPTIONS, **options})
    except Exception as error:
        return {"state": "failed", "error": _words(error)}
    if data is None:
        return {"state": "none"}
    if not data:
        return {"state": "empty"}
    try:
        return {"state": "ok", "data": json.loads(data)}
    except (ValueError, RecursionError) as error:
        return {"state": "failed", "error": f"no JSON: {_words(error)}"}


def _modules(convert: Callable[..., Any], trace: str) -> dict[str, Any]:
    """Ask about each compiled module that was unpacked beside the trace."""
    folder = os.path.dirname(trace)
    files = [name for name in os.listdir(folder) if name.endswith(_HLO)]
    files.sort(key=lambda name: -os.path.getsize(os.path.join(folder, name)))
    names = [name.removesuffix(_HLO) for name in files]
    return {
        name: _ask(convert, trace, VIEWER, {"module_name": name})
        for name in [one for one in names if one != _NO_MODULE][:MOST_MODULES]
    }


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


if __name__ == "__main__":
    main(*sys.argv[1:3])
