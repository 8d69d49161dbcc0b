"""A table of films: films a second, product and rival in turn.

    python -m benchmarks.table --films 512 --plots short --posters

The rival is what a user would write with ``transformers``: an encoder and a vision network of the
same sizes as those of the included model (bge-small and EfficientNet-B4, fp32, random weights), the
same tokenizer, posters opened by Pillow, batches of 32 padded to their longest plot, on all cores.
Both read the same CSV file and write one row for each film. Loading the networks is not counted.
Without ``--input`` the films are synthetic.
"""

import argparse
import csv
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from benchmarks.machine import machine
from PIL import Image
from torch import nn

import moviegenre
from moviegenre.box import box_folder
from moviegenre.data.synthetic.generate import synthesize
from moviegenre.inference.catalogue import predict_catalogue
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns
from moviegenre.inference.predictor import Predictor

_BATCH = 32
_MAX_TOKENS = 512
_IMAGE_SIZE = (192, 128)  # height and width that the included model reads


class Rival(nn.Module):
    """Two encoders of ``transformers`` and a layer of logits, as a user would join them."""

    def __init__(self, num_labels: int) -> None:
        super().__init__()
        self.text = transformers.BertModel(
            transformers.BertConfig(
                num_hidden_layers=12,
                hidden_size=384,
                num_attention_heads=12,
                intermediate_size=1536,
            )
        )
        self.image = transformers.EfficientNetModel(
            transformers.EfficientNetConfig(
                width_coefficient=1.4, depth_coefficient=1.8, hidden_dim=1792
            )
        )
        self.head = nn.Linear(384 + 1792, num_labels)
        self.tokenizer: Any = transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
            tokenizer_file=str(box_folder() / "tokenizer.json"), pad_token="[PAD]"
        )

    def answer(self, plots: list[str], posters: list[Path] | None) -> torch.Tensor:
        """Return probabilities (B, L)."""
        given = self.tokenizer(
            plots, padding=True, truncation=True, max_length=_MAX_TOKENS, return_tensors="pt"
        )
        text = self.text(given["input_ids"], given["attention_mask"]).last_hidden_state[:, 0]
        if posters is None:
            image = torch.zeros(len(plots), 1792)
        else:
            pixels = [
                np.asarray(Image.open(path).convert("RGB").resize(_IMAGE_SIZE[::-1]))
                for path in posters
            ]
            tensor = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255
            image = self.image(tensor).pooler_output
        probs: torch.Tensor = torch.sigmoid(self.head(torch.cat([text, image], dim=1)))
        return probs


def run_rival(rival: Rival, table: Path, out: Path, *, posters: bool) -> None:
    """Answer a table in batches and write a CSV file."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with out.open("w", newline="", encoding="utf-8") as file, torch.inference_mode():
        writer = csv.writer(file)
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            paths = [table.parent / row["poster"] for row in batch] if posters else None
            probs = rival.answer([row["plot"] for row in batch], paths)
            writer.writerows(
                [row["id"], *probs_of_film.tolist()]
                for row, probs_of_film in zip(batch, probs, strict=True)
            )


def run_product(predictor: Predictor, table: Path, out: Path) -> None:
    """Answer a table as ``moviegenre predict --input`` does."""
    predict_catalogue(predictor, Catalogue(table, CatalogueColumns(), None), out)


def write_table(folder: Path, films: int, *, plots: str, posters: bool, size: str | None) -> Path:
    """Write synthetic films as a CSV file with poster files, and return its path."""
    synthesize(folder / "movies", 2 * films, seed=0)  # some have no poster
    records = sorted((folder / "movies" / "dataset").glob("*.json"))
    complete = [path for path in records if path.with_suffix(".jpeg").is_file()]
    table = folder / "films.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "plot", "poster"] if posters else ["id", "plot"])
        for path in complete[:films]:
            texts = json.loads(path.read_text("utf-8"))["plot"]
            plot = texts[0] if plots == "short" else " ".join(texts * 4)[:2400]
            poster = path.with_suffix(".jpeg")
            if size:
                width, height = map(int, size.split("x"))
                Image.open(poster).resize((width, height)).save(poster, quality=90)
            row = [path.stem, plot, str(poster.relative_to(folder))]
            writer.writerow(row if posters else row[:2])
    return table


def main() -> None:
    """Measure both in turn and print the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--films", type=int, default=256)
    parser.add_argument("--plots", choices=("short", "full"), default="short")
    parser.add_argument("--posters", action="store_true", help="posters too")
    parser.add_argument("--poster-size", help="such as 1000x1500; as they are drawn without it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--input", type=Path, help="a CSV file with id, plot and poster")
    options = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    predictor = moviegenre.load()
    rival = Rival(len(predictor.model.genres)).eval()
    rates: dict[str, list[float]] = {"moviegenre": [], "transformers": []}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        table = options.input or write_table(
            folder,
            options.films,
            plots=options.plots,
            posters=options.posters,
            size=options.poster_size,
        )
        with table.open(newline="", encoding="utf-8") as file:
            films = sum(1 for _ in csv.DictReader(file))

        for number in range(options.rounds):
            out = folder / f"{number}.csv"
            started = time.perf_counter()
            run_product(predictor, table, out)
            between = time.perf_counter()
            run_rival(rival, table, folder / "rival.csv", posters=options.posters)
            rates["moviegenre"].append(films / (between - started))
            rates["transformers"].append(films / (time.perf_counter() - between))
    for name, values in rates.items():
        median = statistics.median(values)
        print(f"{name}: {median:.1f} films/s (from {min(values):.1f} to {max(values):.1f})")
    ratio = statistics.median(rates["moviegenre"]) / statistics.median(rates["transformers"])
    posters_said = (
        f"posters {options.poster_size or 'as drawn'}" if options.posters else "no posters"
    )
    print(f"{films} films, {options.plots} plots, {posters_said}: {ratio:.2f} times the rival")
    print(machine())


if __name__ == "__main__":
    main()
