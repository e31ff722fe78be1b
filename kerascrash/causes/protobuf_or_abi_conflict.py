"""
Generated code and runtime of different protobuf versions, modules built for another
NumPy, or a symbol that another version had.

It shows at import: as a Python error, as an abort (`File already exists in
database`), or as a segmentation fault inside `*_pb2.py`.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="protobuf_or_abi_conflict",
    title="Packages that do not fit: protobuf, NumPy or C++ ABI",
    meaning="Two packages were installed that were not built for each other.",
    prior=-3.6,
    supports={
        "protobuf_conflict": 9.0,
        "abi_conflict": 8.5,
        "package_conflict": 6.5,
        "api_mismatch": 4.4,
        "pb2_import_frame": 4.0,
        "tf_import_frame": 2.2,
        "faulthandler_segv": 0.8,
        "shared_library_missing": 3.0,
        "wrong_architecture": 3.5,
    },
    contradicts={
        "exit_zero": 4.0,
        "exit_sigkill": 2.5,
        "gpu_oom": 2.0,
    },
    remedies=(
        ("Make a fresh environment and let pip resolve all packages in one command."),
        "Pin the one that moved: `protobuf<5`, `numpy<2`.",
        "`pip check` names the conflicts.",
    ),
    near_misses=(
        "A segmentation fault anywhere else in an import.",
        ("A missing system library: `libGL.so.1: cannot open shared object file`."),
    ),
    settle=(
        'pip check; pip list | grep -iE "protobuf|numpy|tensorflow|keras|ml.dtypes"'
    ),
)
