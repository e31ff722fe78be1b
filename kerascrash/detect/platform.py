"""
Observe where it ran: bare machine, container, batch system, notebook, Windows, macOS.

It decides nothing by itself: in a container a bare `Killed` is more often the
container's limit. The platform is what the user or the dump says.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Evidence, Finding
from kerascrash.model.rules import Detector

_PLATFORMS = {
    "linux": ("platform_bare",),
    "docker": ("platform_container",),
    "podman": ("platform_container",),
    "k8s": ("platform_container", "platform_k8s"),
    "kubernetes": ("platform_container", "platform_k8s"),
    "slurm": ("platform_scheduler",),
    "lsf": ("platform_scheduler",),
    "pbs": ("platform_scheduler",),
    "sge": ("platform_scheduler",),
    "colab": ("platform_notebook",),
    "kaggle": ("platform_notebook", "platform_container"),
    "notebook": ("platform_notebook",),
    "windows": ("platform_windows",),
    "macos": ("platform_macos",),
}
_TEXTS = {
    "platform_bare": "it ran on a Linux machine; no container is known",
    "platform_container": "it ran in a container, which usually has a memory limit",
    "platform_k8s": "it ran in Kubernetes",
    "platform_scheduler": "it ran as a batch job",
    "platform_notebook": "it ran in a notebook",
    "platform_windows": "it ran on Windows",
    "platform_macos": "it ran on macOS",
}


def detect(case: Case) -> Iterator[Finding]:
    """Yield what the name of the platform says."""
    platform = case.platform
    if platform == "linux" and isinstance(case.recording, Recording):
        platform = "docker" if case.recording.environment.get("container") else platform
    source = Evidence("platform", "platform", f"platform: {platform}")
    for finding in _PLATFORMS.get(platform, ()):
        yield Finding(finding, _TEXTS[finding], 1.0, (source,))


DETECTOR = Detector(id="platform", finds=tuple(_TEXTS), detect=detect)
