"""
Read the MemoryDump that TensorFlow writes at a failed request (``TF_BFC_MEMORY_DUMP``).

The file's name is ``<prefix>_<allocator>.<microseconds since 1970>``. Release builds
leave the names of ops empty; sizes, addresses and what is in use are there.
"""

from __future__ import annotations

import os
import re
from collections import Counter

from kerascrash.collect.allocator_names import device_of
from kerascrash.collect.xplane.planes import as_text
from kerascrash.collect.xplane.schema import parse
from kerascrash.model.allocator_map import AllocatorMap, ChunkGroup

MOST_BYTES = 64 << 20
_NAME = re.compile(r"_\w+\.(\d{15,17})$")
_ALLOCATOR = re.compile(r"[\w.:/-]{1,100}")
_SHOWN_SIZES = 16


def looks_like_map(path: str) -> bool:
    """Tell by its name whether a file may be a MemoryDump."""
    return bool(_NAME.search(os.path.basename(path)))


def read_bfc_map(path: str) -> AllocatorMap | None:
    """Return the map, None when the file is none. Raises OSError."""
    with open(path, "rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        return None
    dump = parse("MemoryDump", data)
    if dump is None or not dump.chunk:
        return None
    name = as_text(dump.allocator_name)
    if not _ALLOCATOR.fullmatch(name):
        return None
    free = [chunk.size for chunk in dump.chunk if not chunk.in_use]
    used = Counter(chunk.size for chunk in dump.chunk if chunk.in_use)
    groups = [ChunkGroup(size, n, size * n) for size, n in used.items()]
    groups.sort(key=lambda group: -group.bytes)
    in_use = sum(group.bytes for group in groups)
    stamp = _NAME.search(os.path.basename(path))
    return AllocatorMap(
        allocator=name,
        device=device_of(name),
        source=path,
        time=int(stamp[1]) / 1e6 if stamp else None,
        in_use_bytes=in_use,
        peak_bytes=max(dump.stats.peak_bytes_in_use, in_use),
        pool_bytes=in_use + sum(free),
        free_bytes=sum(free),
        largest_free_bytes=max(free, default=0),
        chunks=len(dump.chunk),
        chunks_in_use=sum(used.values()),
        by_size=tuple(groups[:_SHOWN_SIZES]),
        fragmentation=float(dump.stats.fragmentation_metric),
    )
