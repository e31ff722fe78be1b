"""A notebook as its server runs it: a real kernel that cells are sent to."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
manager = pytest.importorskip("jupyter_client.manager")
pytest.importorskip("ipykernel")


class Notebook:
    """One kernel in ``folder``; ``run`` sends a cell and returns what it printed."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        prepare: Callable[[], None] | None = None,
        **environment: str,
    ) -> None:
        self._folder = folder
        self._manager = manager.KernelManager()
        # The machine's kernels are not of this interpreter.
        command = [sys.executable, "-m", "ipykernel_launcher", "-f"]
        self._manager.kernel_spec.argv = [*command, "{connection_file}", *options]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("KERASCRASH")}
        quiet = {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        self._manager.start_kernel(
            cwd=str(folder), env={**clean, **quiet, **environment}, preexec_fn=prepare
        )
        self._connect()

    def _connect(self) -> None:
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=30)

    @property
    def pid(self) -> int:
        """The kernel's process."""
        return int(self._manager.provisioner.pid)

    @property
    def files(self) -> list[Path]:
        """What lies in the folder of dumps, hidden files left out."""
        return sorted((self._folder / "kerascrash-dumps").glob("[!.]*"))

    def send(self, source: str) -> str:
        """Begin a cell and return the id of its outputs."""
        return str(self._client.execute(source))

    def run(self, source: str, timeout_s: float = 120) -> dict[str, str]:
        """Return texts by stream; ``error`` of an exception; ``died`` is set."""
        return self.wait_for(self.send(source), timeout_s)

    def wait_for(self, cell: str, timeout_s: float = 120) -> dict[str, str]:
        """Return the output of a cell that was sent."""
        found = {"stdout": "", "stderr": "", "error": "", "died": ""}
        give_up = time.monotonic() + timeout_s
        while time.monotonic() < give_up:
            message = self._next()
            if message is None:
                if not self._manager.is_alive():
                    return {**found, "died": "yes"}
            elif message["parent_header"].get("msg_id") == cell:
                kind, content = message["msg_type"], message["content"]
                if kind == "stream":
                    found[content["name"]] += content["text"]
                elif kind == "error":
                    found["error"] = f"{content['ename']}: {content['evalue']}"
                elif kind == "status" and content["execution_state"] == "idle":
                    return found
        raise AssertionError(f"the cell did not end in time: {found}")

    def _next(self) -> dict[str, Any] | None:
        from queue import Empty

        try:
            message: dict[str, Any] = self._client.get_iopub_msg(timeout=0.5)
        except Empty:
            return None
        return message

    def restart(self) -> None:
        """Do what the button does."""
        self._client.stop_channels()
        self._manager.restart_kernel()
        self._connect()

    def close(self) -> None:
        """End the kernel if it lives, and what is left of the server's side."""
        self._client.stop_channels()
        if self._manager.is_alive():
            self._manager.shutdown_kernel()
        self._manager.cleanup_resources()
