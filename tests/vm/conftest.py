"""
The virtual machine for deaths that must not happen to the one that runs the tests.

`KERASCRASH_VM` names the folder of its image (default `.vm` in the checkout); where the
variable is set and the image is missing, it is built, which needs root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine as vm
import pytest


@pytest.fixture(scope="session")
def machine() -> Iterator[Any]:
    """The machine; skips with the reason where it cannot be had."""
    if not vm.TOOLS.is_dir():
        pytest.skip("the scripts of the virtual machine (../shared/vm) are not here")
    for program in ("qemu-system-x86_64", "qemu-img"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    named = os.environ.get("KERASCRASH_VM")
    folder = Path(named or vm.ROOT / ".vm").resolve()
    if not (folder / "base.ext4").exists():
        if not named:
            pytest.skip("no virtual machine's image: set KERASCRASH_VM to a folder")
        build = ["bash", str(vm.TOOLS / "build_rootfs.sh")]
        subprocess.run(build, env={**os.environ, "W": str(folder)}, check=True)
    machine = vm.Machine(folder)
    yield machine
    machine.clean_up()


@pytest.fixture
def keras_guest(machine: Any) -> Any:
    """The machine, with this interpreter's TensorFlow; skips where that cannot be."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the guest has Python 3.11, and takes TensorFlow from this one")
    return machine
