"""
The messages of a trace, built at run time.

Their own descriptor pool and package name keep them apart from the classes that
TensorFlow or JAX register for the same files; text is declared as bytes, so that bad
UTF-8 cannot fail a parse. Field numbers: ``xplane.proto`` and
``bfc_memory_map.proto`` of openxla/xla, ``profile.proto`` of google/pprof. Fields that
are not used here are left out: protobuf carries them along unread.

A field that the writer repeats is declared single in the messages called columns: the
repetitions are then merged, and what repeats within them comes as one list of numbers
each, at a tenth of the time and memory that a message for each of them takes. Which
kind of value belonged to which statistic is lost in that: who must know parses again.
"""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PACKAGE = "kerascrash.trace"
_MESSAGES: dict[str, str] = {
    # name: "field:number:type[*]", * for repeated
    "Stat": "metadata_id:1:int64 double_value:2:double uint64_value:3:uint64 "
    "int64_value:4:int64 str_value:5:bytes bytes_value:6:bytes ref_value:7:uint64",
    "Event": "metadata_id:1:int64 offset_ps:2:int64 duration_ps:3:int64 stats:4:Stat* "
    "num_occurrences:5:int64",
    "Line": "id:1:int64 name:2:bytes timestamp_ns:3:int64 events:4:Event* "
    "duration_ps:9:int64 display_name:11:bytes",
    "StatColumns": "metadata_id:1:int64* double_value:2:double* int64_value:4:int64* "
    "str_value:5:bytes* ref_value:7:uint64*",
    "EventOfColumns": "metadata_id:1:int64 offset_ps:2:int64 duration_ps:3:int64 "
    "stats:4:StatColumns",
    "LineOfColumns": "name:2:bytes timestamp_ns:3:int64 events:4:EventOfColumns* "
    "display_name:11:bytes",
    "Metadata": "id:1:int64 name:2:bytes",
    "Entry": "key:1:int64 value:2:Metadata",
    "MetadataColumns": "id:1:int64* name:2:bytes*",
    "EntryColumns": "key:1:int64* value:2:MetadataColumns",
    # A line is kept as the bytes that it is, to be parsed by itself.
    "Plane": "id:1:int64 name:2:bytes lines:3:bytes* event_metadata:4:Entry* "
    "stat_metadata:5:Entry* stats:6:Stat*",
    "PlaneOfColumns": "id:1:int64 name:2:bytes lines:3:bytes* "
    "event_metadata:4:EntryColumns stat_metadata:5:EntryColumns stats:6:Stat*",
    "Chunk": "address:1:uint64 size:2:int64 requested_size:3:int64 bin:4:int32 "
    "op_name:5:bytes freed_at_count:6:uint64 action_count:7:uint64 in_use:8:bool "
    "step_id:9:uint64",
    "AllocatorStats": "num_allocs:1:int64 bytes_in_use:2:int64 "
    "peak_bytes_in_use:3:int64 largest_alloc_size:4:int64 fragmentation_metric:5:float",
    "MemoryDump": "allocator_name:1:bytes chunk:3:Chunk* stats:5:AllocatorStats",
    # pprof's profile, which JAX writes; its texts are numbers of the string table
    "ValueType": "type:1:int64 unit:2:int64",
    "Label": "key:1:int64 str:2:int64",
    "Sample": "location_id:1:uint64* value:2:int64* label:3:Label*",
    "CodeLine": "function_id:1:uint64 line:2:int64",
    "Location": "id:1:uint64 line:4:CodeLine*",
    "Function": "id:1:uint64 name:2:int64 filename:4:int64",
    "Profile": "sample_type:1:ValueType* sample:2:Sample* location:4:Location* "
    "function:5:Function* string_table:6:bytes* time_nanos:9:int64",
}
_OPTIONAL, _REPEATED, _MESSAGE = 1, 3, 11
_TYPES = {
    "double": 1,
    "float": 2,
    "int64": 3,
    "uint64": 4,
    "int32": 5,
    "bool": 8,
    "bytes": 12,
}
"""Labels and types by number, as in ``google/protobuf/descriptor.proto``."""


@lru_cache(maxsize=1)
def _classes() -> dict[str, Any]:
    # Half of the import's time is protobuf's: only who has a trace pays it.
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(
        name="kerascrash/trace.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        built = file.message_type.add(name=name)
        for text in fields.split():
            _add_field(built, *text.split(":"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")
        )
        for name in _MESSAGES
    }


def _add_field(built: Any, name: str, number: str, kind: str) -> None:
    repeated, kind = kind.endswith("*"), kind.rstrip("*")
    field = built.field.add(name=name, number=int(number))
    field.label = _REPEATED if repeated else _OPTIONAL
    field.type = _TYPES.get(kind, _MESSAGE)
    if field.type == _MESSAGE:
        field.type_name = f".{_PACKAGE}.{kind}"


def message(name: str) -> Any:
    """Return a new, empty message of the schema."""
    return _classes()[name]()


def parse(name: str, data: bytes) -> Any:
    """Return the message in ``data``, or None when it is not one."""
    from google.protobuf.message import DecodeError

    found = message(name)
    try:
        found.ParseFromString(data)
    except DecodeError:
        return None
    return found


def has_unknown(found: Any) -> bool:
    """Return whether fields lie in the message that the schema does not know."""
    from google.protobuf.unknown_fields import UnknownFieldSet

    return bool(len(UnknownFieldSet(found)))
