"""Training ``attention_fusion``: movies a second, against a plain PyTorch loop.

    python -m benchmarks.fusion_training --full --data data/mmimdb-r

Both train the same network with the same loss and batch size on the same movies. The rival opens
each poster with Pillow in a ``DataLoader`` with two workers, pads each plot to the maximum of 256
tokens, and computes in fp32. Two works: with both encoders trained, and with both frozen, for six
epochs, as in ``configs/base.yaml``. The product is ``moviegenre train``; its preparations, caches
and validation count. Each epoch of the rival costs the same, so a small run measures one.

The plot encoder is the packaged MiniLM. The poster encoder is an EfficientNet-B4 with random
weights, whose speed is that of trained ones.
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks import films, harness
from benchmarks.harness import Row, Side, rate

from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData

BATCH = 32
MAX_TOKENS = 256
IMAGE_SIZE = (224, 160)  # height and width
_EPOCHS = 6  # of the frozen work


def poster_network(folder: Path, kind: str = "efficientnet", **sizes: Any) -> str:
    """Write a poster encoder with random weights as ``transformers`` does; its folder."""
    import transformers

    if kind == "efficientnet" and not sizes:
        sizes = {"width_coefficient": 1.4, "depth_coefficient": 1.8, "hidden_dim": 1792}
    config = transformers.AutoConfig.for_model(kind, **sizes)
    transformers.AutoModel.from_config(config).save_pretrained(folder)  # type: ignore[no-untyped-call]
    return str(folder)


def settings(encoders: tuple[str, str], *, frozen: bool) -> dict[str, Any]:
    """Return the model's settings: plot encoder, poster encoder, and whether both are frozen."""
    plot, poster = encoders
    return {
        "plot_encoder": {"name": plot, "frozen": frozen},
        "poster_encoder": {"name": poster, "frozen": frozen},
    }


def product(
    data: str, encoders: tuple[str, str], epochs: int, *, frozen: bool
) -> Callable[[], float]:
    """Train with the command line, from empty caches; movies a second over all epochs."""
    from moviegenre.apps.cli import main

    movies = PreparedData(Path(data)).num_movies(Split.TRAIN)
    own = settings(encoders, frozen=frozen)
    pairs = {f"model.{part}.{key}": value for part in own for key, value in own[part].items()}
    pairs |= {"training.max_epochs": epochs, "training.patience": epochs, "data.plot": "longest"}
    pairs |= {"data.max_tokens": MAX_TOKENS, "data.image_size": list(IMAGE_SIZE)}
    pairs |= {"training.batch_size": BATCH, "loss.name": "bce"}
    options = [word for key, value in pairs.items() for word in ("--set", f"{key}={_text(value)}")]

    def work(folder: str) -> None:
        shutil.rmtree(Path(data, "cache"), ignore_errors=True)
        try:
            main(
                ["train", "attention_fusion", "--data", data, "--out", folder, "--quiet", *options]
            )
        except SystemExit as ended:
            if ended.code:
                raise RuntimeError(f"moviegenre train ended with {ended.code}") from None

    def measure() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return rate(lambda: work(folder), epochs * movies)

    return measure


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class Movies:
    """The training split as a data set of PyTorch: posters as files, plots as texts.

    Args:
        data: Prepared movies.
        folder: Where the posters are written.
        encode: The tokenizer.
    """

    def __init__(self, data: PreparedData, folder: Path, encode: Callable[[str], Any]) -> None:
        self._plots = data.plots(Split.TRAIN, "longest")
        self._labels = data.labels(Split.TRAIN)
        self._folder, self._encode = folder, encode
        row = 0
        for batch in data.poster_file(Split.TRAIN).iter_batches(64, columns=["poster"]):
            for poster in batch.column("poster").to_pylist():
                (folder / f"{row}.jpeg").write_bytes(poster["bytes"] if poster else _blank())
                row += 1

    def __len__(self) -> int:
        return len(self._plots)

    def __getitem__(self, row: int) -> tuple[Any, ...]:
        """Return token ids (T,), mask (T,), image (3, H, W), labels (L,) and the row."""
        import torch
        from PIL import Image

        image = Image.open(self._folder / f"{row}.jpeg").convert("RGB").resize(IMAGE_SIZE[::-1])
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        tokens = self._encode(self._plots[row])
        ids, mask = torch.tensor(tokens["input_ids"]), torch.tensor(tokens["attention_mask"])
        return ids, mask.bool(), pixels, torch.from_numpy(self._labels[row]), row


def _blank() -> bytes:
    from PIL import Image

    stream = BytesIO()
    Image.new("RGB", IMAGE_SIZE[::-1]).save(stream, "JPEG")
    return stream.getvalue()


def plain_loop(
    data: str, encoders: tuple[str, str], epochs: int, *, frozen: bool
) -> Callable[[], float]:
    """Train with a plain loop; movies a second."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits
    from torch.utils.data import DataLoader
    from transformers import AutoTokenizer

    from moviegenre.models.attention_fusion import AttentionFusionConfig
    from moviegenre.models.base import BuildContext
    from moviegenre.models.batch import Batch
    from moviegenre.models.encoders.pretrained import pretrained_folder

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    prepared = PreparedData(Path(data))
    own = AttentionFusionConfig.parse(settings(encoders, frozen=frozen), "benchmark")
    folder = pretrained_folder(encoders[0], None)
    tokenizer = AutoTokenizer.from_pretrained(folder)  # a local folder # nosec B615

    def encode(plot: str) -> Any:
        return tokenizer(plot, padding="max_length", truncation=True, max_length=MAX_TOKENS)

    def work(movies: Movies) -> None:
        context = BuildContext(num_labels=len(prepared.genres), tokenizer=own.load_tokenizer(list))
        model = own.build(context).to(device).train()
        weights = [one for one in model.parameters() if one.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=2e-5, weight_decay=0.01)
        loader: Any = DataLoader(
            movies,  # type: ignore[arg-type]
            BATCH,
            shuffle=True,
            num_workers=2,
            multiprocessing_context="fork",  # as a script's own; this process was spawned
        )
        for _ in range(epochs):
            for ids, mask, image, labels, rows in loader:
                there = torch.ones(len(rows), dtype=torch.bool)
                batch = Batch(ids, mask, mask.any(dim=1), image, there, labels, rows).to(device)
                optimizer.zero_grad()
                loss = binary_cross_entropy_with_logits(model(batch).logits, labels.to(device))
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(weights, 1.0)
                optimizer.step()

    def measure() -> float:
        with tempfile.TemporaryDirectory() as posters:
            movies = Movies(prepared, Path(posters), encode)
            return rate(lambda: work(movies), epochs * len(movies))

    return measure


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield a row for trained and for frozen encoders."""
    with tempfile.TemporaryDirectory() as scratch:
        encoders = "minilm", poster_network(Path(scratch, "efficientnet-b4"))
        many = given.movies if given.full else None
        works = (
            ("both encoders trained", False, 1, many or 32),
            (f"both encoders frozen, {_EPOCHS} epochs", True, _EPOCHS, many or 64),
        )
        for number, (work, frozen, epochs, movies) in enumerate(works):
            folder = Path(scratch, str(number))
            folder.mkdir()
            data = films.prepared(folder, given.data, movies, val=8)
            common = {"data": str(data), "encoders": encoders, "frozen": frozen}
            yield harness.in_turn(
                Side(product, common | {"epochs": epochs}),
                Side(plain_loop, common | {"epochs": epochs if given.full else 1}),
                given.rounds if given.full else 1,
                work=f"train attention_fusion, {work}, {movies} movies",
                unit="movies/s",
                rival_name="plain loop",
            )


if __name__ == "__main__":
    parser = harness.options(__doc__)
    parser.add_argument("--movies", type=int, default=960, help="of a full run (960)")
    harness.main(run, parser)
