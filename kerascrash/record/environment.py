"""
The ``environment`` blob: interpreter, machine, packages, settings; no secrets.

Keys: python, implementation, platform, kernel, machine, cpu_count, cpu_flags,
cpu_cache_bytes, packages {name: version}, env {allow-listed}, argv [masked], cwd,
script, cgroup, memory {total, swap_total}, container, stderr {kind, path, offset},
settings.
"""

from __future__ import annotations

import contextlib
import os
import platform
import stat
import sys

from kerascrash.dump.masking import mask_arguments
from kerascrash.record.masking import allowed_environment
from kerascrash.units import parse_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.record.settings import Settings

_PACKAGES = (
    "tensorflow", "keras", "tf_keras", "jax", "torch", "numpy", "scipy", "pandas",
    "h5py", "protobuf", "ml_dtypes", "nvidia_", "opencv", "pillow", "scikit_learn",
    "tensorboard", "horovod", "ray", "intel_", "mkl", "tcmalloc", "kerascrash",
    "psutil", "ipykernel", "tbb",
)  # fmt: skip
_CPU_FLAGS = (
    "sse4_1", "sse4_2", "avx", "avx2", "fma", "f16c", "bmi2", "avx512f", "avx512bw",
    "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_tile", "asimd", "sve", "sve2",
    "bf16",
)  # fmt: skip


def describe_environment(
    settings: Settings, script: str, limits: dict[str, Any], values: dict[str, int]
) -> dict[str, Any]:
    """Return the blob; ``limits`` from the probes, ``values`` the latest readings."""
    system = os.uname() if hasattr(os, "uname") else None
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": sys.platform,
        "kernel": system.release if system else "",
        "machine": system.machine if system else platform.machine(),
        "cpu_count": os.cpu_count(),
        "cpu_flags": read_cpu_flags(),
        "cpu_cache_bytes": read_last_cache(),
        "packages": find_packages(sys.path),
        "env": allowed_environment(os.environ),
        "argv": mask_arguments(getattr(sys, "orig_argv", sys.argv)),
        "cwd": _cwd(),
        "script": script,
        "cgroup": limits.get("cgroup"),
        "memory": {"total": values.get("host_total", -1), "swap_total": _swap_total()},
        "container": find_container(),
        "stderr": describe_stderr(),
        "settings": settings.as_dict(),
    }


def find_packages(paths: list[str]) -> dict[str, str]:
    """Return versions by name, from the names of ``*.dist-info`` folders."""
    found: dict[str, str] = {}
    for path in paths:
        with contextlib.suppress(OSError):
            for name in os.listdir(path or "."):
                if name.endswith(".dist-info"):
                    package, _, version = name[: -len(".dist-info")].partition("-")
                    if package.lower().startswith(_PACKAGES):
                        found.setdefault(package, version)
    return found


def read_cpu_flags() -> list[str]:
    """Return those CPU features that prebuilt libraries depend on."""
    for line in _lines("/proc/cpuinfo"):
        if line.startswith(("flags", "Features")):
            present = set(line.partition(":")[2].split())
            return [flag for flag in _CPU_FLAGS if flag in present]
    return []


def read_last_cache() -> int | None:
    """Return the size of the processor's last cache in bytes: kernels fill it."""
    for index in (3, 2):
        for text in _lines(f"/sys/devices/system/cpu/cpu0/cache/index{index}/size"):
            with contextlib.suppress(ValueError):
                return parse_bytes(text.strip())
    return None


def find_container() -> str | None:
    """Return what kind of container this looks like, None on a plain machine."""
    environ = os.environ
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "kubernetes"
    if "APPTAINER_CONTAINER" in environ or "SINGULARITY_CONTAINER" in environ:
        return "apptainer"
    if os.path.exists("/run/.containerenv"):
        return "podman"
    if os.path.exists("/.dockerenv"):
        return "docker"
    return environ.get("container") or None


def describe_stderr() -> dict[str, Any]:
    """Return where fd 2 goes: kind (tty, file, pipe, null, other), path, offset."""
    facts: dict[str, Any] = {"kind": "other", "path": None, "offset": None}
    try:
        mode = os.fstat(2)
    except OSError:
        return facts
    with contextlib.suppress(OSError):
        facts["path"] = os.readlink("/proc/self/fd/2")
    if stat.S_ISREG(mode.st_mode):
        facts.update(kind="file", offset=mode.st_size)
    elif stat.S_ISFIFO(mode.st_mode) or stat.S_ISSOCK(mode.st_mode):
        facts["kind"] = "pipe"
    elif facts["path"] == os.devnull:
        facts["kind"] = "null"
    elif os.isatty(2):
        facts["kind"] = "tty"
    return facts


def _cwd() -> str:
    with contextlib.suppress(OSError):
        return os.getcwd()
    return ""


def _swap_total() -> int:
    for line in _lines("/proc/meminfo"):
        if line.startswith("SwapTotal:"):
            return int(line.split()[1]) * 1024
    return -1


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(1 << 20).splitlines()
    except OSError:
        return []
