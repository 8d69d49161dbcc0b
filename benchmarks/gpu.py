"""Training on a GPU: movies a second, share of the peak, wait for the loader, the reference table.

    benchmarks/gpu.sh                   # what a GPU machine runs, in under 8 minutes
    GPU_SMALL=1 benchmarks/gpu.sh       # tiny sizes, to try the script on a CPU

The networks are a BERT-base and a ResNet-50 with random weights. The peak is measured: products of
square matrices in bf16. Floating-point operations are counted by PyTorch on one batch. The rivals
are those of ``bert_training.py`` and ``fusion_training.py``, which run on the GPU by themselves.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from benchmarks import bert_training, films, fusion_training, harness
from benchmarks.harness import ROOT, Row, Side
from benchmarks.machine import peak_flops
from torch.utils.flop_counter import FlopCounterMode

from moviegenre.box import box_folder
from moviegenre.core.types import Split
from moviegenre.data.batches import MovieTensors
from moviegenre.data.caches import cached_movies
from moviegenre.data.config import DataConfig
from moviegenre.data.prepared import PreparedData
from moviegenre.losses import BCEConfig
from moviegenre.models.attention_fusion import AttentionFusionConfig
from moviegenre.models.base import BuildContext, GenreModel
from moviegenre.models.batch import to_batch
from moviegenre.training.config import TrainingConfig
from moviegenre.training.fit import fit
from moviegenre.training.hardware import lightning_precision

_BATCH = 32
_REAL = {
    "bert": {},
    "resnet": {},
    "movies": 2048,
    "matrix": 8192,
    "table_movies": 512,
    "config": "configs/closed/longest.yaml",
}
_SMALL = {
    "bert": {
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
    },
    "resnet": {"embedding_size": 16, "hidden_sizes": [16, 32], "depths": [1, 1]},
    "movies": 64,
    "matrix": 256,
    "table_movies": 64,
    "config": "",
}


def device() -> torch.device:
    """Return the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def plot_network(folder: Path, **sizes: Any) -> str:
    """Write a BERT with random weights and the included model's tokenizer; its folder."""
    import transformers

    config = transformers.BertConfig(**sizes)
    transformers.BertModel(config).save_pretrained(folder)
    tokenizer = transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_file=str(box_folder() / "tokenizer.json"),
        pad_token="[PAD]",  # nosec B106
    )
    tokenizer.save_pretrained(folder)
    return str(folder)


def flops_of_a_movie(model: GenreModel, movies: MovieTensors, precision: str) -> float:
    """Return the floating-point operations of a training step, for each movie of a batch."""
    model = model.to(device()).train()
    batch = to_batch(movies.batch(range(min(_BATCH, len(movies))))).to(device())
    is_mixed = precision.startswith("bf16")
    with FlopCounterMode(display=False) as counter:
        with torch.autocast(device().type, torch.bfloat16, enabled=is_mixed):
            logits = model(batch).logits
        logits.float().sum().backward()
    return float(counter.get_total_flops()) / batch.size


class TimedMovies(MovieTensors):
    """Movies that count the seconds in which batches are cut from them.

    Attributes:
        waited: These seconds.
    """

    waited = 0.0

    def batch(self, rows: Any) -> Any:
        """Cut some movies out as a batch, and count how long it took."""
        started = time.perf_counter()
        found = super().batch(rows)
        TimedMovies.waited += time.perf_counter() - started
        return found


def trained(
    build: Callable[[], GenreModel], movies: MovieTensors, peak: float, work: str
) -> tuple[float, list[Row]]:
    """Train two epochs, the first to warm up; return movies a second and what they mean."""
    config = TrainingConfig(max_epochs=2, batch_size=_BATCH, patience=9)
    flops = flops_of_a_movie(build(), movies, lightning_precision(config))
    timed = TimedMovies(**vars(movies))
    assert movies.labels is not None, "prepared movies are labelled"
    with tempfile.TemporaryDirectory() as folder:
        result = fit(
            build(),
            BCEConfig().build(movies.labels),
            (timed, movies),
            config,
            Path(folder),
            lambda _metrics, _epoch: None,
            resume=False,
            progress=False,
        )
    second = result.history[-1]
    seconds = len(movies) / second["movies_per_second"]
    share = min(1.0, TimedMovies.waited / config.max_epochs / seconds)
    TimedMovies.waited = 0.0
    rate = second["movies_per_second"]
    return rate, [
        Row(f"{work}: share of the measured peak of {peak / 1e12:.2f} TFLOP/s", "%",
            [100 * rate * flops / peak]),
        Row(f"{work}: share of time in which the loader cuts batches", "%", [100 * share],
            better="lower"),
    ]  # fmt: skip


def bert(folder: Path, data: Path, peak: float, sizes: dict[str, Any]) -> Iterator[Row]:
    """Yield the rows of fine-tuning a BERT."""
    encoder = plot_network(folder / "bert", **sizes)
    plots = bert_training.Plots(str(data), 256, encoder)
    context = BuildContext(num_labels=plots.labels.shape[1], tokenizer=plots.tokenizer)
    rate, rows = trained(
        lambda: plots.config.build(context), plots.movies(slice(None)), peak, "bert"
    )
    common = {"data": str(data), "batch_size": _BATCH, "max_tokens": 256, "encoder": encoder}
    tokens = statistics.mean(len(one) for one in plots.tokens)
    with harness.Worker(Side(bert_training.hugging_face, common)) as worker:
        worker.measure()  # warm
        rival = worker.measure()
    yield Row(
        f"train bert (BERT-base), {len(plots.tokens)} movies of {tokens:.0f} tokens",
        "movies/s",
        [rate],
        [rival],
        "Hugging Face Trainer",
    )
    yield from rows


def fusion(folder: Path, data: Path, peak: float, sizes: dict[str, Any]) -> Iterator[Row]:
    """Yield the rows of training both encoders of ``attention_fusion``."""
    encoders = (
        str(folder / "bert"),
        fusion_training.poster_network(folder / "resnet", "resnet", **sizes),
    )
    own = AttentionFusionConfig.parse(fusion_training.settings(encoders, frozen=False), "gpu")
    prepared = PreparedData(data)
    tokenizer = own.load_tokenizer(list)
    reading = DataConfig(
        dir=data,
        plot="longest",
        max_tokens=fusion_training.MAX_TOKENS,
        image_size=fusion_training.IMAGE_SIZE,
    )
    movies = cached_movies(prepared, Split.TRAIN, reading, tokenizer, own.modalities)
    context = BuildContext(num_labels=len(prepared.genres), tokenizer=tokenizer)
    rate, rows = trained(lambda: own.build(context), movies, peak, "attention_fusion")
    common = {"data": str(data), "encoders": encoders, "epochs": 1, "frozen": False}
    with harness.Worker(Side(fusion_training.plain_loop, common)) as worker:
        rival = worker.measure()
    yield Row(
        f"train attention_fusion (BERT-base and ResNet-50), {len(movies)} movies",
        "movies/s",
        [rate],
        [rival],
        "plain loop",
    )
    yield from rows


def table(folder: Path, data: Path, config: str, movies: int) -> Iterator[Row]:
    """Yield the minutes of the whole reference table, from a run on some of the movies."""
    from moviegenre.apps.cli import main

    whole = PreparedData(data).num_movies(Split.TRAIN) if data.is_dir() else movies
    part = films.prepared(folder, data, movies, val=max(32, movies // 8))
    is_synthetic = PreparedData(part).is_synthetic
    config = config if config and not is_synthetic else "configs/demo.yaml"
    places = {
        "data.dir": part,
        "checkpoints": folder / "checkpoints",
        "results": folder / "results",
    }
    options = [word for key, value in places.items() for word in ("--set", f"{key}={value}")]
    started = time.perf_counter()
    try:
        main(["reproduce", "--config", str(ROOT / config), "--quiet", *options])
    except SystemExit as ended:
        if ended.code:
            raise harness.AbsentError(f"moviegenre reproduce ended with {ended.code}") from None
    minutes = (time.perf_counter() - started) / 60
    yield Row(f"{config} on {movies} of {whole} movies", "minutes", [minutes], better="lower")
    yield Row(
        f"{config} on all movies, if time grows with them",
        "minutes",
        [minutes * whole / movies],
        better="lower",
    )


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield all rows."""
    sizes: dict[str, Any] = _SMALL if given.small else _REAL
    peak = peak_flops(sizes["matrix"], torch.bfloat16, device())
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for name in ("training", "table"):
            (root / name).mkdir()
        data = films.prepared(root / "training", given.data, sizes["movies"])
        yield from bert(root, data, peak, sizes["bert"])
        yield from fusion(root, data, peak, sizes["resnet"])
        yield from table(root / "table", given.data, sizes["config"], sizes["table_movies"])
    print(torch.cuda.get_device_name() if torch.cuda.is_available() else "computed on the CPU")


if __name__ == "__main__":
    parser = harness.options(__doc__)
    parser.add_argument("--small", action="store_true", help="tiny sizes")
    harness.main(run, parser)
