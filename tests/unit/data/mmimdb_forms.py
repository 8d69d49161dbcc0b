"""Twelve made-up movies in every form in which people hold MM-IMDb."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from moviegenre.core.types import Split
from tests.unit.data.raw_movies import GENRES, SPLITS, poster, split_json

PUBLISHED_GENRES = (*GENRES, "Western")
INSTRUCTION = "<image>\nWhich genres has the film of this poster and plot?\nPlot: "
REQUEST = "\nAnswer with names between commas."


def genres_of(number: int) -> list[str]:
    return [GENRES[number % 3]]


def plots_of(number: int) -> list[str]:
    """Return a short and a long plot; another one for every number, no two begin alike."""
    word = "abcdefghijklmnop"[number % 16]
    return [
        f"{word}{number} runs.",
        f"{word}{number} runs, is caught and runs again, film {number}.",
    ]


def numbers(split: Split) -> list[int]:
    return [int(movie) for movie in SPLITS[split]]


def file_name(split: Split) -> str:
    return "dev" if split is Split.VAL else split.value


def write_folders(folder: Path, records: str, posters: str) -> Path:
    """Write ``split.json`` with records and posters in folders of these names."""
    parts = {file_name(split): numbers(split) for split in Split}
    folder.mkdir(parents=True)
    (folder / "split.json").write_bytes(split_json(parts))
    for name in {records, posters}:
        (folder / name).mkdir()
    for number in range(12):
        values = {"genres": genres_of(number), "plot": plots_of(number), "title": f"Film {number}"}
        (folder / records / f"{number:07d}.json").write_text(json.dumps(values))
        (folder / posters / f"{number:07d}.jpeg").write_bytes(poster(number))
    return folder


def mmbt_row(number: int) -> dict[str, Any]:
    return {
        "id": f"{number:07d}",
        "text": max(plots_of(number), key=len),
        "image": f"mmimdb/dataset/{number:07d}.jpeg",
        "label": genres_of(number),
    }


def mmf_row(number: int) -> dict[str, Any]:
    return {
        "image_path": f"mmimdb/dataset/{number:07d}",
        "plot": plots_of(number),
        "genres": genres_of(number),
    }


def write_jsonl(
    folder: Path, row: Callable[[int], dict[str, Any]] = mmbt_row, splits: Sequence[Split] = ()
) -> Path:
    """Write MMBT's files, or mmf's, and the posters that they name."""
    (folder / "mmimdb" / "dataset").mkdir(parents=True)
    for split in splits or Split:
        lines = [json.dumps(row(number)) + "\n" for number in numbers(split)]
        (folder / f"{file_name(split)}.jsonl").write_text("".join(lines))
    for number in range(12):
        (folder / "mmimdb" / "dataset" / f"{number:07d}.jpeg").write_bytes(poster(number))
    return folder


def write_arrow(
    folder: Path,
    splits: Sequence[Split] = (),
    *,
    ending: str = "",
    plots: Callable[[int], list[str]] = plots_of,
) -> Path:
    """Write the Arrow files of the papers on missing modalities."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in splits or Split:
        rows = [
            {
                "image": poster(number),
                "plots": plots(number),
                "label": [int(name in genres_of(number)) for name in PUBLISHED_GENRES],
                "genres": genres_of(number),
                "image_id": f"{number:07d}",
                "split": file_name(split),
            }
            for number in numbers(split)
        ]
        table = pa.Table.from_pylist(rows)
        path = folder / f"mmimdb_{file_name(split)}{ending}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    return folder


def conversation(number: int, *, in_parts: bool = False) -> dict[str, Any]:
    """Return a film as messages and images; in parts, the content is a list."""
    said = INSTRUCTION + plots_of(number)[1] + REQUEST
    answer = ", ".join(genres_of(number))
    if in_parts:
        image = {"type": "image", "text": None}
        question: Any = [image, {"type": "text", "text": said.removeprefix("<image>\n")}]
        answered: Any = [{"type": "text", "text": answer}]
    else:
        question, answered = said, answer
    return {
        "messages": [
            {"role": "user", "content": question},
            {"role": "assistant", "content": answered},
        ],
        "images": [{"bytes": poster(number), "path": f"{number:07d}.jpeg"}],
    }


def write_hub(
    folder: Path, parts: Mapping[str, Sequence[int]], row: Callable[[int], Any] = conversation
) -> Path:
    """Write Parquet as the Hub has it: ``data/train-00000-of-00001.parquet``."""
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_text("---\nconfigs: []\n---\n")
    for split, films in parts.items():
        table = pa.Table.from_pylist([row(number) for number in films])
        pq.write_table(table, folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def write_saved(folder: Path, films: Sequence[int]) -> Path:
    """Write what ``save_to_disk`` of the package ``datasets`` does: Arrow streams."""
    (folder / "train").mkdir(parents=True)
    (folder / "dataset_dict.json").write_text('{"splits": ["train"]}')
    table = pa.Table.from_pylist([conversation(number) for number in films])
    path = folder / "train" / "data-00000-of-00001.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return folder


def vgg_pixels(content: bytes) -> Any:
    """Return a poster as the authors' code stores it: blue, green, red less ImageNet's means."""
    import numpy as np

    with Image.open(io.BytesIO(content)) as image:
        pixels = np.asarray(image.convert("RGB"), dtype=np.float32)[..., ::-1]
    means = np.array([103.939, 116.779, 123.68], dtype=np.float32)
    return (pixels - means).transpose(2, 0, 1).astype(np.int32)


def write_hdf5(path: Path, *, has_split: bool = True) -> Path:
    """Write the authors' HDF5 file, without the features that nobody reads here."""
    import h5py
    import numpy as np

    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["imdb_ids"] = np.array([f"{number:07d}" for number in range(12)], dtype="S7")
        flags = [[int(g in genres_of(n)) for g in PUBLISHED_GENRES] for n in range(12)]
        file["genres"] = np.array(flags, dtype=np.int32)
        file["genres"].attrs["target_names"] = json.dumps(PUBLISHED_GENRES)
        file["images"] = np.stack([vgg_pixels(poster(number)) for number in range(12)])
        if has_split:
            kinds = [("split", "S5"), ("source", "S8"), ("start", np.int64), ("stop", np.int64)]
            rows, start = [], 0
            for split in Split:
                stop = start + len(SPLITS[split])
                rows += [(file_name(split), s, start, stop) for s in ("features", "genres")]
                start = stop
            file.attrs["split"] = np.array(rows, dtype=kinds)
    return path
