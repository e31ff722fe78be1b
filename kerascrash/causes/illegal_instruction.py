"""
SIGILL: the build uses instructions (AVX and the like) that this processor does not
have.

Mostly at import. Old processors, virtual machines with a plain CPU model and
translated (Rosetta) terminals are the usual places.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="illegal_instruction",
    title="Illegal instruction: the processor lacks what the build needs",
    meaning=(
        "A library was built for a processor with more instructions than this one has."
    ),
    prior=-3.8,
    supports={
        "exit_sigill": 6.5,
        "cpu_feature_missing": 8.5,
        "exit_nt_illegal_instruction": 7.0,
        "kernel_invalid_opcode": 7.5,
        "core_illegal_instruction": 7.0,
        "wrong_architecture": 2.0,
        "cpu_lacks_avx": 2.0,
    },
    contradicts={
        "core_signal_sent": 6.0,
        "exit_zero": 4.0,
        "cuda_kernel_fault": 2.0,
    },
    remedies=(
        (
            "Install a build for this processor (an older or a noavx wheel, "
            "conda-forge, or from source)."
        ),
        "Give the virtual machine the host's CPU model.",
        ("On Apple silicon use a native (arm64) Python, not one under Rosetta."),
    ),
    near_misses=(
        ("`an illegal instruction was encountered` from CUDA is a fault on the GPU."),
        "A compiler's trap (`ud2`) after a failed check is SIGILL too.",
    ),
    settle='grep -o -w -E "avx|avx2|fma|avx512f" /proc/cpuinfo | sort -u',
)
