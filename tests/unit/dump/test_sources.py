"""Plain, packed, bundled, or no dump at all."""

from __future__ import annotations

import gzip
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from kerascrash.dump import sources
from kerascrash.dump.reader import read_dump, read_header
from kerascrash.errors import NotADump


def test_a_gz_holds_the_same(full_dump: Path) -> None:
    packed = Path(f"{full_dump}.gz")
    packed.write_bytes(gzip.compress(full_dump.read_bytes()))
    whole, found = read_dump(full_dump), read_dump(packed)
    assert (found.fine, found.events, found.damage) == (whole.fine, whole.events, [])
    assert read_header(packed).pid == 4711


@pytest.mark.parametrize("member", ["a/d.bin", "d.bin.gz"])
def test_a_bundle_holds_the_same(full_dump: Path, tmp_path: Path, member: str) -> None:
    data = full_dump.read_bytes()
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("report.html", "<p>")
        bundle.writestr(member, gzip.compress(data) if member.endswith("gz") else data)
    found = read_dump(tmp_path / "b.zip")
    assert (found.fine, found.damage) == (read_dump(full_dump).fine, [])


def test_a_bundle_brings_the_copy_along(full_dump: Path, tmp_path: Path) -> None:
    data = full_dump.read_bytes()
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("d.bin", bytes(len(data)))
        bundle.writestr("d.bin.sync", data)
    assert read_dump(tmp_path / "b.zip").fine == read_dump(full_dump).fine


def test_of_several_dumps_the_first_by_name_is_read(
    full_dump: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as bundle:
        bundle.writestr("z.bin", b"")
        bundle.write(full_dump, "a.bin")
    dump = read_dump(tmp_path / "b.zip")
    assert len(dump.fine) == 40
    assert [n.where for n in dump.damage] == ["file"]


@pytest.mark.parametrize("keep", [0.3, 0.9])
def test_a_gz_cut_short_is_read_as_far_as_it_goes(full_dump: Path, keep: float) -> None:
    data = gzip.compress(full_dump.read_bytes())
    packed = Path(f"{full_dump}.gz")
    packed.write_bytes(data[: int(len(data) * keep)])
    dump = read_dump(packed)
    assert dump.header.pid == 4711
    assert any(n.where == "file" for n in dump.damage)


def test_a_gzip_bomb_is_unpacked_no_further_than_the_limit(
    full_dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_UNPACKED", 1 << 20)
    packed = Path(f"{full_dump}.gz")
    packed.write_bytes(gzip.compress(full_dump.read_bytes() + bytes(8 << 20)))
    images = sources.load_images(str(packed))
    assert len(images.main) <= 2 << 20
    assert len(read_dump(packed).fine) == 40


def write_nothing(path: Path) -> None:
    path.write_bytes(b"")


def write_text(path: Path) -> None:
    path.write_text("epoch 1/3 loss nan\n" * 9)


def write_zeros(path: Path) -> None:
    path.write_bytes(bytes(1 << 17))


def write_empty_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("a.txt", "a")


def write_broken_zip(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04" + os.urandom(500))


def write_broken_gz(path: Path) -> None:
    path.write_bytes(b"\x1f\x8b" + os.urandom(500))


def make_folder(path: Path) -> None:
    path.mkdir()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_nothing(path: Path) -> None:
    assert not path.exists()


def make_dangling(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "make",
    [
        write_nothing, write_text, write_zeros, write_empty_zip, write_broken_zip,
        write_broken_gz, make_folder, make_pipe, make_nothing, make_dangling,
    ],
)  # fmt: skip
def test_what_is_no_dump_is_said_to_be_none(tmp_path: Path, make: object) -> None:
    path = tmp_path / "d.bin"
    assert callable(make)
    make(path)
    with pytest.raises(NotADump) as caught:
        read_dump(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(NotADump):
        read_dump("a\0b")


@pytest.mark.skipif(os.geteuid() != 0, reason="root is needed to become somebody else")
def test_a_file_one_may_not_read_is_said_to_be_so(full_dump: Path) -> None:
    folder = Path("/tmp") / f"kerascrash-test-{os.getpid()}"
    folder.mkdir(mode=0o755)
    shutil.copy(full_dump, folder / "d.bin")
    os.chmod(folder / "d.bin", 0o600)
    pid = os.fork()
    if not pid:
        os.setuid(65534)
        try:
            read_dump(folder / "d.bin")
        except NotADump as error:
            os._exit(0 if "ermission" in str(error) else 3)
        os._exit(4)
    status = os.waitpid(pid, 0)[1]
    shutil.rmtree(folder)
    assert os.waitstatus_to_exitcode(status) == 0
