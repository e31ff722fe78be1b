"""
Status 0xC0000409 (also -1073740791, 3221226505) is a fail-fast: abort() in a native
DLL, very often because a CUDA, cuDNN or zlib DLL is missing or of another version.
"""

from __future__ import annotations

from kerascrash.model.rules import Rule

CAUSE = Rule(
    id="windows_missing_dll_or_stack_buffer_overrun",
    title="Windows: a DLL is missing or fail-fast 0xC0000409",
    meaning=(
        "On Windows a native library could not be loaded, or stopped the "
        "process at once."
    ),
    prior=-3.4,
    supports={
        "exit_nt_stack_buffer_overrun": 6.5,
        "exit_nt_dll": 7.5,
        "windows_dll_missing": 7.5,
        "windows_runtime_module": 3.0,
        "windows_app_error": 1.5,
        "exit_nt_other": 2.0,
        "platform_windows": 0.3,
    },
    contradicts={
        "exit_zero": 4.0,
        "host_alloc_failed": 3.0,
        "gpu_oom": 1.5,
        "platform_bare": 3.0,
    },
    remedies=(
        ("Put all DLLs of the matching CUDA and cuDNN (and zlibwapi.dll) on PATH."),
        (
            "Install the Visual C++ runtime; or use WSL2, where TensorFlow "
            "supports the GPU."
        ),
        "Run from a terminal: an IDE swallows the message.",
    ),
    near_misses=(
        "0xC0000005 is an ordinary access violation.",
        "WinError 1455 is the paging file.",
    ),
    settle=(
        "run in cmd.exe with TF_CPP_MIN_LOG_LEVEL=0; where cudnn64_*.dll "
        "cudart64_*.dll zlibwapi.dll"
    ),
)
