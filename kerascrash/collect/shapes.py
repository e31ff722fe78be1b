"""The shapes of the JSON objects in a dump, as far as rules rely on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NUMBER = "number"
TEXT = "text"
WHOLE = "whole"
FLAG = "flag"
ANY = "any"
_PLACE = {
    "file": TEXT,
    "line": WHOLE,
    "function": TEXT,
    "excerpt": [(WHOLE, TEXT)],
}
_STACK = {
    "frames": [
        {
            "file": TEXT,
            "line": WHOLE,
            "function": TEXT,
            "user": FLAG,
            "source": TEXT,
            "code_file": TEXT,
        }
    ],
    "excerpt": [(WHOLE, TEXT)],
}
_COUNTERS = {"*": WHOLE}
SHAPES: Mapping[str, Any] = {
    "inventory": {
        "time_ns": WHOLE,
        "step": WHOLE,
        "total_bytes": WHOLE,
        "entries": [
            {
                "owner": TEXT,
                "path": TEXT,
                "type": TEXT,
                "kind": TEXT,
                "count": WHOLE,
                "bytes": WHOLE,
                "element": {
                    "type": TEXT,
                    "shape": [ANY],
                    "dtype": TEXT,
                    "graph": FLAG,
                    "inside": TEXT,
                },
                "dtypes": _COUNTERS,
                "growth_bytes_per_step": NUMBER,
                "growth_count_per_step": NUMBER,
                "growth_bytes_per_second": NUMBER,
                "history": [(ANY, NUMBER, NUMBER)],
                "place": _PLACE,
                "place_how": TEXT,
            }
        ],
    },
    "models": {
        "backend": TEXT,
        "models": [
            {
                "name": TEXT,
                "class": TEXT,
                "parameters": WHOLE,
                "trainable_parameters": WHOLE,
                "weights_bytes": WHOLE,
                "layers": [
                    {
                        "name": TEXT,
                        "class": TEXT,
                        "output_shape": [ANY],
                        "parameters": WHOLE,
                        "dtype": TEXT,
                        "weights_bytes": WHOLE,
                        "trainable": FLAG,
                        "input_shape": [ANY],
                        "settings": {},
                        "layers": [{}],
                    }
                ],
                "optimizer": {
                    "class": TEXT,
                    "variables": ANY,
                    "bytes": WHOLE,
                    "settings": {},
                },
                "place": _PLACE,
            }
        ],
        "alive": WHOLE,
        "batches": [{"stage": TEXT, "batch_size": WHOLE, "count": WHOLE}],
        "data": [
            {
                "name": TEXT,
                "type": TEXT,
                "shape": [ANY],
                "dtype": TEXT,
                "bytes": WHOLE,
                "place": _PLACE,
            }
        ],
    },
    "stacks": {"threads": [{"name": TEXT, "main": FLAG, **_STACK}]},
    "environment": {
        "argv": [TEXT],
        "packages": {"*": TEXT},
        "env": {"*": TEXT},
        "memory": _COUNTERS,
        "stderr": {"kind": TEXT, "path": TEXT, "offset": WHOLE},
        "platform": TEXT,
        "kernel": TEXT,
        "cwd": TEXT,
        "script": TEXT,
        "cgroup": {"pids_path": TEXT},
    },
    "limits": {
        "rlimits": {"*": [WHOLE]},
        "dev_shm": _COUNTERS,
        "dump_disk": {"total": WHOLE, "free": WHOLE, "fstype": TEXT},
        "tmp_disk": _COUNTERS,
        "cgroup_limit": WHOLE,
        "pids_max": WHOLE,
    },
    "pipelines": {"pipelines": [{"*": ANY}]},
    "allocators": {
        "devices": [
            {
                "device": TEXT,
                "framework": TEXT,
                "in_use": WHOLE,
                "peak": WHOLE,
                "reserved": WHOLE,
                "limit": WHOLE,
            }
        ]
    },
    "devices": {
        "driver": TEXT,
        "problem": TEXT,
        "devices": [
            {
                "index": WHOLE,
                "name": TEXT,
                "state": TEXT,
                "reason": TEXT,
                "total": WHOLE,
                "used": WHOLE,
                "own": WHOLE,
                "others": WHOLE,
                "utilisation_percent": WHOLE,
                "temperature_c": WHOLE,
                "power_mw": WHOLE,
                "ecc_uncorrected": WHOLE,
                "throttle": [TEXT],
                "xids": [{"code": WHOLE, "time": NUMBER}],
                "first": _COUNTERS,
                "processes": [
                    {"pid": WHOLE, "comm": TEXT, "bytes": WHOLE, "own": FLAG}
                ],
            }
        ],
    },
    "certificate": {
        "death": {"realtime": NUMBER, "boottime_ns": WHOLE},
        "exit": {
            "status": WHOLE,
            "code": WHOLE,
            "signal": WHOLE,
            "core": FLAG,
            "known_by": TEXT,
        },
        "oom": {
            "cgroups": [
                {
                    "path": TEXT,
                    "version": WHOLE,
                    "limit": WHOLE,
                    "current": WHOLE,
                    "peak": WHOLE,
                    "before": _COUNTERS,
                    "after": _COUNTERS,
                }
            ],
            "vmstat_oom_kill": _COUNTERS,
        },
        "kernel": {
            "readable": FLAG,
            "source": TEXT,
            "reason": TEXT,
            "lines": [{"time": NUMBER, "text": TEXT}],
        },
        "last_sample": {"values": _COUNTERS, "age_ms": NUMBER},
        "biggest": [{"pid": WHOLE, "comm": TEXT, "rss": WHOLE, "same_cgroup": FLAG}],
        "host": _COUNTERS,
        "daemons": [TEXT],
        "stderr": {"how": TEXT, "path": TEXT, "offset": WHOLE, "bytes": WHOLE},
        "stack": {"time": NUMBER, "thread": TEXT, **_STACK},
        "unavailable": [{"what": TEXT, "reason": TEXT}],
    },
}
"""Shapes by name: an object of keys, a list of one shape, a tuple (row), or a type."""
