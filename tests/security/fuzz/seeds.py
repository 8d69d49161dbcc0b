"""Sound inputs of every kind, from which a fuzzer starts."""

import gzip
import io
import json
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

_MOVIE = {
    "title": "Am\u00e9lie",
    "year": 2001,
    "genres": ["Drama", "War"],
    "plot": ["A waitress.", "She \ud83d\ude00."],
}
_ROW = {"id": "a", "plot": "A dog.", "genres": "Drama|War", "split": "train", "poster": "no.png"}


def seeds(target: str) -> list[bytes]:
    """Return some sound inputs for a target."""
    return {"records": _records, "archives": _archives, "tables": _tables, "images": _images}[
        target
    ]()


def _records() -> list[bytes]:
    movie = json.dumps(_MOVIE).encode()
    yaml = b"data: {plot: first}\nmodels:\n  a: &a {x: [1, .inf, 2001-01-01]}\n  b: {<<: *a}\n"
    split = b'{"train": ["1"], "dev": [], "test": ["2"]}'
    return [b"0" + movie, b"1" + split, b"2" + movie + b"\n" + movie, b"3" + yaml]


def _archives() -> list[bytes]:
    found = []
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=form) as tar:
            for name in ("m/split.json", "m/dataset/1.json", "m/dataset/" + "x" * 70 + ".jpeg"):
                content = json.dumps(_MOVIE if "1.json" in name else {"train": ["1"]}).encode()
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        found += [b"0" + stream.getvalue(), b"1" + stream.getvalue()]
    return [*found, b"1" + gzip.compress(found[0][1:])]


def _tables() -> list[bytes]:
    text = ",".join(_ROW) + "\n" + ",".join(_ROW.values()) + '\nb,"x\n""y""",War,test,\n'
    lines = json.dumps(_ROW | {"plot": ["a", "b"], "genres": ["War"]}) + "\n" + json.dumps(_ROW)
    found = [b"0" + text.encode(), b"1" + lines.encode()]
    for codec in ("NONE", "SNAPPY", "ZSTD"):
        stream = io.BytesIO()
        lists = {"plot": [["a"], ["b", "c"]], "genres": [["War"], None], "id": [1, 2]}
        rest = {"split": ["train", "test"], "poster": [None, {"bytes": b"x", "path": "y"}]}
        pq.write_table(pa.table(lists | rest), stream, compression=codec)
        found.append(b"2" + stream.getvalue())
    return found


def _images() -> list[bytes]:
    found = []
    for mode in ("RGB", "RGBA", "L", "P", "LA", "CMYK", "1", "I;16", "F"):
        image = Image.new(mode, (9, 7))
        for form in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"):
            stream = io.BytesIO()
            try:
                image.save(stream, form)
            except (OSError, ValueError):
                continue  # not every format has every mode
            found.append(stream.getvalue())
    return found
