"""Boot the small virtual machine, run a job of `guest/` in it, take what it left."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT.parent / "shared" / "vm"
GUEST = "/opt/kerascrash"
_PACKAGES = "/usr/local/lib/python3.11/dist-packages"  # where the guest looks by itself
_MOUNT = "mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=loose,ro"


@dataclass
class Machine:
    """Boots from an image folder, one guest at a time; ``folder`` holds the image."""

    folder: Path
    console: str = field(default="", init=False)
    _share: Path = field(init=False)
    _made: list[Path] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._share = self.folder / "share"
        self._share.mkdir(exist_ok=True)

    def run(
        self,
        program: str,
        *arguments: str,
        memory: int = 1024,
        seconds: int = 400,
        disk: Path | None = None,
    ) -> Path:
        """
        Run ``guest/PROGRAM OUT ARGUMENTS…`` to its end; return OUT, here.

        ``memory`` in MiB; ``console`` is what the guest said. Raises RuntimeError with
        it when the job failed.
        """
        job, out = self._write_job(program, arguments)
        on = ["-d", str(disk)] if disk else []
        self._boot(job, "-m", str(memory), "-t", str(seconds), *on)
        self._read_console(job)
        if "VMINIT rc=0" not in self.console:
            raise RuntimeError(self.console[-4000:])
        return out

    def run_until(
        self, text: str, program: str, *arguments: str, memory: int, disk: Path
    ) -> Path:
        """Run a job and cut the power as soon as its console shows ``text``."""
        job, out = self._write_job(program, arguments)
        self._boot(job, "-k", "-m", str(memory), "-d", str(disk))
        pid = int((self.folder / "qemu.pid").read_text())
        give_up = time.monotonic() + 150
        try:
            while text not in self._read_console(job):
                if time.monotonic() > give_up:
                    raise RuntimeError(self.console[-4000:])
                time.sleep(0.05)
        finally:
            os.kill(pid, signal.SIGKILL)
            self._read_console(job)
        return out

    def clean_up(self) -> None:
        """Remove what the jobs left."""
        for path in self._made:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def make_disk(self, path: Path) -> Path:
        """Return a new disk on top of the image."""
        base = str(self.folder / "base.ext4")
        options = ["-q", "-f", "qcow2", "-b", base, "-F", "raw"]
        subprocess.run(["qemu-img", "create", *options, str(path)], check=True)
        return path

    def _write_job(self, program: str, arguments: tuple[str, ...]) -> tuple[str, Path]:
        out = Path(tempfile.mkdtemp(prefix=f"{program}-", dir=self._share))
        self._made.append(out)
        inside = f"/share/{out.name}"
        words = [f"{GUEST}/tests/vm/guest/{program}", inside]
        words += [word.replace("OUT", inside) for word in arguments]
        lines = [
            f"mkdir -p {GUEST} {_PACKAGES}",
            f"{_MOUNT} kerascrash {GUEST} && {_MOUNT} packages {_PACKAGES} || exit 9",
            f"export PYTHONPATH={GUEST} TF_CPP_MIN_LOG_LEVEL=2",
            f"exec python3 {shlex.join(words)}",
        ]
        job = self._share / f"{out.name}.sh"
        self._made.append(job)
        job.write_text("\n".join(lines) + "\n", encoding="ascii")
        return job.name, out

    def _boot(self, job: str, *options: str) -> None:
        mounts = {"kerascrash": ROOT, "packages": Path(sysconfig.get_path("purelib"))}
        extra = " ".join(
            f"-virtfs local,path={path},mount_tag={tag},security_model=none,readonly=on"
            for tag, path in mounts.items()
        )
        environment = {**os.environ, "W": str(self.folder), "EXTRA": extra}
        command = ["bash", str(TOOLS / "runvm.sh"), job, *options]
        subprocess.run(command, env=environment, check=True, stdout=sys.stderr)

    def _read_console(self, job: str) -> str:
        path = self.folder / "logs" / f"{job}.console"
        self.console = path.read_text(errors="replace") if path.exists() else ""
        return self.console
