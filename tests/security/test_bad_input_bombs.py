"""Small files that unpack to large ones: refused by what their headers say, or soon after.

The quick tests lower the limits; those marked ``torture`` are real and measure memory.
"""

import gzip
import io
import json
import lzma
import os
import re
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from moviegenre.core.errors import DataError
from moviegenre.core.genres import GenreVocabulary
from moviegenre.data import unpacking
from moviegenre.data.config import DataConfig
from moviegenre.data.extra import read_extra
from moviegenre.data.posters import PosterError, decode_poster
from moviegenre.data.sources import mmimdb
from moviegenre.data.sources.mmimdb import MMIMDbArchive
from moviegenre.data.tables import parquet
from moviegenre.data.tables.table import Table
from tests.unit.data.raw_movies import complete_files, write_archive

GB = 1 << 30
FILM = b'{"plot": "A dog.", "genres": ["Drama"]}\n'
GENRES = GenreVocabulary(("Drama",))


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    """Write an archive of good movies and some members that are written as they are."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for member, content in members:
            tar.fileobj.write(member.tobuf() + content + bytes(-len(content) % 512))
            tar.offset += 512 + len(content) + -len(content) % 512
        for name, content in complete_files().items():
            good = tarfile.TarInfo(name)
            good.size = len(content)
            tar.addfile(good, io.BytesIO(content))
    path.write_bytes(gzip.compress(plain.getvalue(), 1))
    return path


def member(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.size, found.type = size, kind
    return found


def test_an_archive_that_unpacks_to_a_hundred_times_its_size_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MIN_UNPACKED_BYTES", 1000)
    content = bytes(3_000_000)
    path = tar_of(tmp_path / "m.tar.gz", (member("m/dataset/x.json", len(content)), content))
    with pytest.raises(DataError, match=r"m.tar.gz unpacks to more than [\d,]+ bytes, 100 "):
        MMIMDbArchive(path)


def test_a_record_of_an_archive_is_not_read_beyond_its_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mmimdb, "MAX_RECORD_BYTES", 2000)
    files = complete_files() | {"mmimdb/dataset/x.json": b" " * 2001}
    *good, bad = MMIMDbArchive(write_archive(tmp_path / "m.tar", files))
    assert [movie.fault for movie in good] == [None] * 12
    assert (bad.id, bad.fault) == ("x", "x.json has 2,001 bytes; expected at most 2,000")


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_larger_than_any_path_is_refused(kind: bytes, tmp_path: Path) -> None:
    content = bytes(2_000_000)
    path = tar_of(tmp_path / "m.tar.gz", (member("x", len(content), kind), content))
    with pytest.raises(DataError, match="it has a header of 2,000,000 bytes"):
        MMIMDbArchive(path)


def test_headers_of_headers_are_refused(tmp_path: Path) -> None:
    headers = [(member("x", 12, tarfile.XHDTYPE), b"12 path=abc\n")] * 5000
    with pytest.raises(DataError, match="too many headers for one member"):
        MMIMDbArchive(tar_of(tmp_path / "m.tar.gz", *headers))


def test_a_sparse_member_counts_as_large_as_it_says(tmp_path: Path) -> None:
    sparse = member("m/dataset/x.json", 512, tarfile.GNUTYPE_SPARSE)
    header = bytearray(sparse.tobuf(tarfile.GNU_FORMAT))
    header[386:398], header[398:410] = b"00000000000\0", b"00000001000\0"
    header[483:495] = b"27777777777\0"  # 3 GB, of which one block is there
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
    path = tmp_path / "m.tar.gz"
    good = gzip.decompress(tar_of(path).read_bytes())
    path.write_bytes(gzip.compress(bytes(header) + bytes(512) + good))
    *_, bad = MMIMDbArchive(path)
    assert bad.fault == "x.json has 3,221,225,471 bytes; expected at most 33,554,432"


def test_an_archive_in_an_archive_is_no_movie(tmp_path: Path) -> None:
    inner = write_archive(tmp_path / "inner.tar.gz", complete_files()).read_bytes()
    files = complete_files() | {
        "mmimdb/dataset/x.json": inner,
        "mmimdb/dataset/0000000.jpeg": inner,
        "mmimdb/dataset/y.tar.gz": inner,
    }
    movies = list(MMIMDbArchive(write_archive(tmp_path / "m.tar.gz", files)))
    assert len(movies) == 13
    assert str(movies[-1].fault).startswith("its JSON is damaged: ")
    twice = tmp_path / "twice.tar.gz"
    twice.write_bytes(gzip.compress(inner))
    with pytest.raises(DataError, match="cannot be read as a tar archive"):
        MMIMDbArchive(twice)


@pytest.mark.parametrize(("suffix", "pack"), [("xz", lzma.compress), ("gz", gzip.compress)])
def test_further_plots_that_unpack_to_a_hundred_times_their_size_are_refused(
    suffix: str, pack: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MIN_UNPACKED_BYTES", 1000)
    path = tmp_path / f"extra.jsonl.{suffix}"
    path.write_bytes(pack(FILM + b"\n" * 3_000_000))
    with pytest.raises(DataError, match=r"unpacks to more than"):
        read_extra(path, GENRES, DataConfig(plot="longest"))


def test_an_xz_file_that_wants_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "extra.jsonl.xz"
    large = [{"id": lzma.FILTER_LZMA2, "dict_size": 512 << 20}]
    path.write_bytes(lzma.compress(FILM, filters=large))
    with pytest.raises(DataError, match="Memory usage limit"):
        read_extra(path, GENRES, DataConfig(plot="longest"))


def test_xz_files_of_several_streams_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "extra.jsonl.xz"
    path.write_bytes(lzma.compress(FILM) + bytes(70_000) + lzma.compress(FILM) + bytes(8))
    assert len(read_extra(path, GENRES, DataConfig(plot="longest"))) == 2
    path.write_bytes(lzma.compress(FILM)[:-1])
    with pytest.raises(DataError, match="the end of the file is missing"):
        read_extra(path, GENRES, DataConfig(plot="longest"))


def test_a_text_that_many_rows_of_parquet_share_is_held_once(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    plots = pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int32()), ["x" * 3_000_000])
    pq.write_table(pa.table({"plot": plots}), path, store_schema=False)
    before = pa.total_allocated_bytes()
    found = Table(path).rows()
    next(found)
    assert pa.total_allocated_bytes() - before < 60_000_000  # 900 MB, written out
    assert sum(len(row.values["plot"]) for row in found) == 299 * 3_000_000


def test_parquet_that_is_packed_too_tightly_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_GROUP_BYTES", 1000)
    path = tmp_path / "m.parquet"
    pq.write_table(pa.table({"plot": ["x" * 3_000_000], "id": ["a"]}), path, compression="zstd")
    with pytest.raises(DataError, match=r"unpacks a row group of 3,0\d\d,\d{3} bytes from"):
        list(Table(path).rows())


def test_absent_values_without_end_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    pq.write_table(pa.table({"plot": pa.nulls(1_000_000, pa.string())}), path)
    with pytest.raises(DataError, match=r"bytes hold 1,000,000 rows; it is refused"):
        list(Table(path).rows())


def tiled_tiff(side: int) -> bytes:
    """Return a TIFF of 16 x 16 pixels whose one tile has more."""
    tile = zlib.compress(bytes(side * side), 1)
    start = 8 + len(tile) + len(tile) % 2
    tags = [(256, 16), (257, 16), (258, 8), (259, 8), (262, 1), (277, 1)]
    tags += [(322, side), (323, side), (324, 8), (325, len(tile))]
    entries = b""
    for tag, value in tags:
        entries += tag.to_bytes(2, "little") + b"\4\0" + b"\1\0\0\0" + value.to_bytes(4, "little")
    head = b"II*\0" + start.to_bytes(4, "little") + tile + bytes(len(tile) % 2)
    return head + len(tags).to_bytes(2, "little") + entries + bytes(4)


def test_a_tiff_with_tiles_larger_than_any_image_is_refused() -> None:
    assert decode_poster(tiled_tiff(64)).size == (16, 16)
    with pytest.raises(PosterError, match="tiles of 7200 x 7200 pixels; expected at most"):
        decode_poster(tiled_tiff(7200))


def test_a_jpeg_with_more_scans_than_any_is_refused() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (64, 64)).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    assert decode_poster(data).size == (64, 64)
    scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(PosterError, match="more than 100 scans"):
        decode_poster(data[:-2] + 100 * scan + data[-2:])


def test_pictures_are_refused_by_their_header() -> None:
    png = io.BytesIO()
    Image.new("1", (1, 1)).save(png, "PNG")
    sizes = (60_000).to_bytes(4, "big") * 2
    header = b"IHDR" + sizes + png.getvalue()[24:29]
    large = png.getvalue()[:12] + header + zlib.crc32(header).to_bytes(4, "big")
    with pytest.raises(PosterError, match=r"exceeds limit|60000 x 60000 pixels"):
        decode_poster(large + png.getvalue()[33:])
    gif = b"GIF89a" + b"\xff" * 4 + bytes(3) + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
    with pytest.raises(PosterError, match=r"exceeds limit|65535 x 65535 pixels"):
        decode_poster(gif)
    ico = io.BytesIO()
    Image.new("RGB", (16, 16)).save(ico, "ICO")
    with pytest.raises(PosterError, match="the file is an ICO picture; expected JPEG"):
        decode_poster(ico.getvalue())


@pytest.mark.parametrize("kind", [b"iCCP", b"zTXt"])
def test_png_chunks_that_unpack_to_more_are_refused(kind: bytes) -> None:
    png = io.BytesIO()
    Image.new("RGB", (4, 4)).save(png, "PNG")
    content = kind + b"name\0\0" + zlib.compress(bytes(100_000_000), 1)
    chunk = (len(content) - 4).to_bytes(4, "big") + content
    chunk += zlib.crc32(content).to_bytes(4, "big")
    with pytest.raises(PosterError, match="cannot be decoded: Decompressed data too large"):
        decode_poster(png.getvalue()[:33] + chunk + png.getvalue()[33:])


def sparse(path: Path, start: bytes, size: int) -> Path:
    """Write a file of zeros that takes no space on the disk, after some bytes."""
    with path.open("wb") as stream:
        stream.write(start)
        stream.truncate(size)
    return path


def large_record(folder: Path) -> list[str]:
    path = folder / "m.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(member("m/dataset/x.json", 3 * GB).tobuf())
        for _ in range(3 * 1024):
            stream.write(bytes(1 << 20))
    return ["data", "prepare", str(path), "--out", str(folder / "out")]


def large_record_unpacked(folder: Path) -> list[str]:
    path = sparse(folder / "m.tar", member("m/dataset/x.json", 3 * GB).tobuf(), 3 * GB + 10_240)
    return ["data", "prepare", str(path), "--out", str(folder / "out")]


def many_members(folder: Path) -> list[str]:
    path = folder / "m.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        block = member("m/dataset/x.txt", 0).tobuf() * 2048
        for _ in range(150):
            stream.write(block)
    return ["data", "prepare", str(path), "--out", str(folder / "out")]


def long_line(folder: Path) -> list[str]:
    path = sparse(folder / "m.jsonl", FILM, 2 * GB)
    return ["data", "prepare", str(path), "--out", str(folder / "out")]


def long_cell(folder: Path) -> list[str]:
    path = sparse(folder / "m.csv", b'plot,genres\ndog,Drama\n"', GB)
    return ["data", "prepare", str(path), "--out", str(folder / "out")]


def shared_text(folder: Path) -> list[str]:
    path = folder / "m.parquet"
    plots = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), ["x" * 30_000_000])
    genres = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), ["Drama"])
    pq.write_table(pa.table({"plot": plots, "genres": genres}), path, store_schema=False)
    return ["data", "prepare", str(path), "--out", str(folder / "out")]


def large_page(folder: Path) -> list[str]:
    path = folder / "m.parquet"
    table = pa.table({"plot": ["x" * 30_000_000] * 10, "genres": ["Drama"] * 10})
    pq.write_table(table, path, compression="zstd", use_dictionary=False, write_statistics=False)
    return ["data", "prepare", str(path), "--out", str(folder / "out")]


def laughs(folder: Path) -> list[str]:
    path = folder / "config.yaml"
    lines = ["a: &a [1,1,1,1,1,1,1,1,1,1]"]
    lines += [
        f"{name}: &{name} [{','.join(['*' + last] * 10)}]"
        for last, name in zip("abcdefghi", "bcdefghij", strict=True)
    ]
    path.write_text("\n".join(lines))
    return ["train", "cnn", "--config", str(path)]


def large_layers(folder: Path) -> list[str]:
    return ["train", "lstm", "--set", "model.hidden_dim=100000000", "--data", str(folder)]


def large_picture(folder: Path) -> list[str]:
    Image.new("RGBA", (7000, 7000), (1, 2, 3, 4)).save(folder / "m.png", compress_level=1)
    return ["predict", "--poster", str(folder / "m.png")]


def large_webp(folder: Path) -> list[str]:
    Image.new("RGBA", (7000, 7000), (1, 2, 3, 4)).save(folder / "m.webp", lossless=True, method=0)
    return ["predict", "--poster", str(folder / "m.webp")]


def large_tile(folder: Path) -> list[str]:
    (folder / "m.tiff").write_bytes(tiled_tiff(20_000))
    return ["predict", "--poster", str(folder / "m.tiff")]


def long_plot(folder: Path) -> list[str]:
    path = folder / "m.jsonl"
    path.write_text(json.dumps({"plot": "dog " * 7_500_000}) + "\n")
    return ["predict", "--input", str(path), "--out", str(folder / "out.csv"), "--quiet"]


BOMBS: list[tuple[Callable[[Path], list[str]], int, str]] = [
    (large_record, 2, "unpacks to more than"),
    (large_record_unpacked, 2, "no movie can be kept (broken record: 1, for example x.json"),
    (many_members, 2, "is cut off: the end of the archive is missing|unpacks to more than"),
    (long_line, 2, "no movie can be kept"),
    (long_cell, 2, "m.csv cannot be read as CSV, line"),
    (shared_text, 2, "no movie can be kept"),
    (large_page, 2, "unpacks a row group of"),
    (laughs, 2, "those of aliases counted"),
    (large_layers, 2, "less than or equal to 4096"),
    (large_picture, 0, "is blank, so it was ignored"),
    (large_webp, 0, "is blank, so it was ignored"),
    (large_tile, 2, "tiles of 20000 x 20000 pixels"),
    (long_plot, 0, "1 film answered"),
]


# Not the peak that the system tells a parent of: it begins with the parent's own.
MEASURED = """
import re
from pathlib import Path
from moviegenre.apps.cli import main
try:
    main()
finally:
    print("\\npeak", re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def run(arguments: list[str]) -> tuple[int, str, int]:
    """Run a command; return its exit status, what it printed, and its peak memory in bytes."""
    ended = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
        check=False,
    )
    told = re.search(r"^peak (\d+)$", ended.stdout, re.MULTILINE)
    assert told is not None, ended.stdout
    return ended.returncode, ended.stdout, int(told[1]) * 1024


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Return what a prediction of one plot takes, in bytes."""
    status, printed, peak = run(["predict", "--plot", "A dog."])
    assert status == 0, printed
    return peak


@pytest.mark.torture
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc for its peak memory")
@pytest.mark.parametrize(
    ("make", "status", "told"), BOMBS, ids=[make.__name__ for make, _, _ in BOMBS]
)
def test_no_bomb_takes_a_gigabyte(
    make: Callable[[Path], list[str]], status: int, told: str, base: int, tmp_path: Path
) -> None:
    found, printed, peak = run(make(tmp_path))
    print(f"{make.__name__}: {(peak - base) / 2**20:.0f} MB over {base / 2**20:.0f} MB")
    assert found == status, printed
    assert any(part in printed for part in told.split("|")), printed
    assert "Traceback" not in printed
    assert peak - base < GB
