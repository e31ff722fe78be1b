"""
`OMP: Error #15`: the runtime found another copy of itself in the process and aborted.

Mixing conda's MKL with pip's torch, OpenCV or scikit-learn is the usual way to get
there.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="openmp_duplicate_runtime",
    title="Two copies of the OpenMP runtime",
    meaning=(
        "Two packages each bring an OpenMP runtime; the second one refuses to start."
    ),
    prior=-4.5,
    supports={
        "openmp_duplicate": 10.0,
    },
    contradicts={
        "exit_zero": 3.0,
    },
    remedies=(
        (
            "Install all packages from one source (all conda-forge, or all pip) in "
            "a fresh environment."
        ),
        "KMP_DUPLICATE_LIB_OK=TRUE only hides it: results may be wrong.",
    ),
    near_misses=(
        "OMP: Error #34 is the limit of threads.",
        "`OMP: Info` and `OMP: Warning` lines are harmless.",
    ),
    settle=(
        "python -m threadpoolctl -i numpy sklearn torch  (lists every OpenMP "
        "runtime loaded)"
    ),
)
