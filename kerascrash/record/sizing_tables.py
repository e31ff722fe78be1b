"""
TensorFlow's lookup tables: number of entries times what one takes.

A table's content is native, and only the table can tell how many entries it has: it is
asked by the operation that ``table.size()`` runs, on the user's main thread alone, and
never while a graph is traced, operations are observed, or execution is asynchronous.
Otherwise what it said last stands.
"""

from __future__ import annotations

import _thread
import sys
import threading
import weakref

from kerascrash.record.leaf import Leaf
from kerascrash.record.safe import attribute, class_name, namespace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TABLES = "tensorflow.python.ops.lookup_ops"
_OPERATIONS = "tensorflow.python.ops.gen_lookup_ops"
_CONTEXT = "tensorflow.python.eager.context"
_NODE = 48  # of a hash map: links, hash, the value's own header, slack of malloc
_STRING = 32
_MOST = 64
_known: dict[int, tuple[weakref.ref[Any], int]] = {}


def find_sizers() -> list[tuple[type, Any]]:
    """Return the base of all tables and its sizer."""
    space = namespace_of(sys.modules.get(_TABLES))
    cls = space.get("LookupInterface") if space else None
    return [(cls, size_table)] if isinstance(cls, type) else []


def size_table(table: Any) -> Leaf | None:
    """Size a hash table in the memory of the host; None for what is no such table."""
    handle = attribute(table, "_resource_handle_value")  # a property makes it anew
    if class_name(type(handle)) != "EagerTensor" or "CPU" not in handle.backing_device:
        return None
    key, value = attribute(table, "_key_dtype"), attribute(table, "_value_dtype")
    if key is None or value is None:
        return None
    count = _count(table, handle)
    shape = attribute(table, "_value_shape")
    dims = tuple(shape.as_list()) if shape is not None and shape.rank else ()
    if None in dims:
        return None
    each = _width(value)
    for n in dims:
        each *= n
    size = count * (_width(key) + each + _NODE)
    name = class_name(type(table))
    return Leaf(size, id(table), name, (count, *dims), str(value.name), estimated=True)


def _count(table: Any, handle: Any) -> int:
    known = _known.get(id(table))
    last = known[1] if known is not None and known[0]() is table else 0
    if not _may_ask():
        return last
    operations: Any = sys.modules[_OPERATIONS]
    count = int(operations.lookup_table_size_v2(handle))
    if len(_known) >= _MOST:
        _known.clear()
    _known[id(table)] = (weakref.ref(table), count)
    return count


def _may_ask() -> bool:
    space = namespace_of(sys.modules.get(_CONTEXT))
    context: Any = space.get("_context") if space else None
    if context is None or _thread.get_ident() != threading.main_thread().ident:
        return False
    local = context._thread_local_data  # noqa: SLF001 - what the operation looks at
    return bool(local.is_eager and not local.op_callbacks and not context.is_async())


def _width(dtype: Any) -> int:
    return _STRING if dtype.name == "string" else int(dtype.size or 0)
