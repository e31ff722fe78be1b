"""A slot or a superblock comes back as it was, or not at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kerascrash.dump import codec
from kerascrash.dump.layout import SLOT_HEADER, SUPERBLOCK, SUPERBLOCK_SIZE

SLOT = 256
PAYLOADS = st.binary(max_size=SLOT - SLOT_HEADER.size)
U64 = st.integers(0, 2**64 - 1)
U16 = st.integers(0, 2**16 - 1)


@given(st.integers(1, 2**64 - 1), U64, U16, U16, PAYLOADS)
def test_a_slot_comes_back(
    sequence: int, time_ns: int, kind: int, flags: int, payload: bytes
) -> None:
    data = b"?" * 7 + codec.frame(sequence, time_ns, kind, flags, payload) + b"stale"
    slot = codec.unframe(data, 7, SLOT)
    assert slot is not None
    seen = (slot.sequence, slot.time_ns, slot.kind, slot.flags, slot.payload)
    assert seen == (sequence, time_ns, kind, flags, payload)


@given(PAYLOADS, st.data())
def test_one_flipped_bit_is_never_accepted(payload: bytes, data: st.DataObject) -> None:
    good = bytearray(codec.frame(3, 4, 5, 6, payload))
    bit = data.draw(st.integers(0, 8 * len(good) - 1))
    good[bit // 8] ^= 1 << bit % 8
    assert codec.unframe(bytes(good), 0, SLOT) is None


@given(PAYLOADS.filter(bool), PAYLOADS.filter(bool), st.data())
def test_a_torn_slot_is_never_accepted(
    old: bytes, new: bytes, data: st.DataObject
) -> None:
    """The first bytes of a new record over an older one, cut anywhere."""
    before = codec.frame(1, 10, 0, 0, old).ljust(SLOT, b"\0")
    after = codec.frame(2, 11, 0, 0, new)
    cut = data.draw(st.integers(1, len(after) - 1))
    torn = after[:cut] + before[cut:]
    slot = codec.unframe(torn, 0, SLOT)
    if torn[: len(after)] == after or torn.startswith(before[: len(old) + 32]):
        return  # what was left out is the same in both records
    assert slot is None


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_bytes_are_a_slot_or_none(data: bytes, offset: int) -> None:
    slot = codec.unframe(data, offset, SLOT)
    assert slot is None or len(slot.payload) <= SLOT


@given(st.binary(max_size=2 * SUPERBLOCK_SIZE))
def test_any_bytes_are_a_superblock_or_none(data: bytes) -> None:
    assert codec.decode_superblock(data, 0) is None


def test_a_superblock_comes_back_and_a_flipped_one_keeps_its_version() -> None:
    data = bytearray(codec.encode_superblock(7, {"pid": 1}))
    block = codec.decode_superblock(data, 0)
    assert block is not None
    assert (block.generation, block.text) == (7, b'{"pid":1}')
    data[SUPERBLOCK.size] ^= 1
    block = codec.decode_superblock(data, 0)
    assert block is not None
    assert (block.version, block.text) == (1, None)


def test_the_generation_is_under_the_checksum() -> None:
    data = bytearray(codec.encode_superblock(7, {}))
    data[16] ^= 0x80
    block = codec.decode_superblock(data, 0)
    assert block is not None
    assert block.text is None


class Spiteful:
    """An object of the user's whose methods must not be called."""

    def __repr__(self) -> str:
        raise SystemExit("repr was called")

    __str__ = __repr__


def test_foreign_objects_are_named_by_type_and_never_asked() -> None:
    assert codec.encode_json({"a": Spiteful()}) == b'{"a":"<Spiteful>"}'


def test_incompressible_blobs_are_refused_not_cut() -> None:
    packed = codec.compress_json({"a": "x" * 5000}, 200)
    assert packed is not None
    assert len(packed) <= 200
    assert codec.compress_json({"a": list(range(5000))}, 200) is None
