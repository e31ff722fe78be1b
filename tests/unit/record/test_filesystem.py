"""Which file systems of memory may be asked for their room."""

from __future__ import annotations

import pytest

from kerascrash.record.filesystem import memory_mounts, uncovered_memory

ROOT = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw"
SHM = "25 22 0:20 / /dev/shm rw,nosuid shared:4 - tmpfs tmpfs rw,size=64k"
NAS = "40 22 0:50 / {} rw - nfs4 server:/export rw,hard"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([ROOT, SHM], ["/dev/shm"]),
        ([ROOT, SHM.replace(" rw,nosuid", " ro,nosuid")], []),
        ([ROOT, SHM, NAS.format("/dev/shm")], []),
        ([ROOT, SHM, NAS.format("/dev")], []),
        ([ROOT, SHM, NAS.format("/dev/shm2")], ["/dev/shm"]),
        ([ROOT, NAS.format("/dev"), SHM], ["/dev/shm"]),
        (
            [ROOT, SHM, SHM.replace("/dev/shm", "/my\\040place")],
            ["/dev/shm", "/my place"],
        ),
        ([ROOT, "25 22", ""], []),
    ],
    ids=["shm", "read only", "on it", "above", "beside", "below", "blank", "odd"],
)
def test_what_a_later_mount_covers_is_left_alone(
    lines: list[str], found: list[str]
) -> None:
    assert uncovered_memory("\n".join(lines)) == found


def test_this_machines_own_are_read() -> None:
    assert all(path.startswith("/") for path in memory_mounts())
