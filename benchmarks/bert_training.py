"""Training ``bert``: movies a second, against Hugging Face's ``Trainer`` as documented.

    python -m benchmarks.bert_training --full --data data/mmimdb-r

Both train the packaged MiniLM for an epoch on the same movies, with the same batch size and the
same limit of tokens. The rival follows
https://huggingface.co/docs/transformers/tasks/sequence_classification: a sequence classification
model in fp32 as it is loaded, a random order of movies, a ``DataCollatorWithPadding`` that pads
each batch to its longest plot. Loading the networks and tokenising are not counted. Without the
data the movies are synthetic; real plots differ more in length.
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks import films, harness
from benchmarks.harness import Row, Side

from moviegenre.core.types import Split
from moviegenre.data.batches import MovieTensors
from moviegenre.data.prepared import PreparedData
from moviegenre.data.ragged import Ragged
from moviegenre.models.base import BuildContext
from moviegenre.models.bert import BertConfig
from moviegenre.models.encoders.pretrained import pretrained_folder

_ENCODER = "minilm"
_VALIDATION_MOVIES = 32  # our loop always validates; kept small, since the rival does not


class Plots:
    """Tokenised plots of the training split and their labels.

    Args:
        data: Prepared movies.
        max_tokens: Where plots are cut.
        encoder: Whose tokenizer reads them.
    """

    def __init__(self, data: str, max_tokens: int, encoder: str = _ENCODER) -> None:
        prepared = PreparedData(Path(data))
        self.config = BertConfig.parse({"plot_encoder": {"name": encoder}}, "benchmark")
        self.tokenizer = self.config.load_tokenizer(list)
        self.labels = prepared.labels(Split.TRAIN)
        assert self.tokenizer is not None, "bert reads plots"
        self.tokens = self.tokenizer.encode(prepared.plots(Split.TRAIN, "first"), max_tokens)

    def movies(self, rows: slice) -> MovieTensors:
        """Return some of them as our training takes them."""
        tokens, labels = self.tokens[rows], self.labels[rows]
        absent: npt.NDArray[np.bool_] = np.zeros(len(tokens), dtype=np.bool_)
        return MovieTensors(labels, Ragged.pack(tokens), None, absent)


def product(
    data: str, batch_size: int, max_tokens: int, encoder: str = _ENCODER
) -> Callable[[], float]:
    """Train for an epoch; movies a second."""
    from moviegenre.losses import BCEConfig
    from moviegenre.training.config import TrainingConfig
    from moviegenre.training.fit import fit

    plots = Plots(data, max_tokens, encoder)

    def measure() -> float:
        context = BuildContext(num_labels=plots.labels.shape[1], tokenizer=plots.tokenizer)
        with tempfile.TemporaryDirectory() as folder:
            result = fit(
                plots.config.build(context),
                BCEConfig().build(plots.labels),
                (plots.movies(slice(None)), plots.movies(slice(_VALIDATION_MOVIES))),
                TrainingConfig(max_epochs=1, batch_size=batch_size),
                Path(folder),
                lambda _metrics, _epoch: None,
                resume=False,
                progress=False,
            )
        return result.history[0]["movies_per_second"]

    return measure


def hugging_face(
    data: str, batch_size: int, max_tokens: int, encoder: str = _ENCODER
) -> Callable[[], float]:
    """Train for an epoch with Hugging Face's Trainer; movies a second."""
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    plots, folder = Plots(data, max_tokens, encoder), pretrained_folder(encoder, None)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)  # a local folder # nosec B615
    rows: list[dict[str, Any]] = [
        {"input_ids": tokens.tolist(), "labels": labels.tolist()}
        for tokens, labels in zip(plots.tokens, plots.labels, strict=True)
    ]

    def measure() -> float:
        model = transformers.AutoModelForSequenceClassification.from_pretrained(  # nosec B615
            folder,
            num_labels=plots.labels.shape[1],
            problem_type="multi_label_classification",
            dtype=torch.float32,
        )
        with tempfile.TemporaryDirectory() as out:
            trainer = transformers.Trainer(
                model=model,
                args=transformers.TrainingArguments(
                    output_dir=out,
                    num_train_epochs=1,
                    per_device_train_batch_size=batch_size,
                    learning_rate=2e-5,
                    weight_decay=0.01,
                    save_strategy="no",
                    report_to="none",
                    disable_tqdm=True,
                ),
                train_dataset=rows,
                data_collator=transformers.DataCollatorWithPadding(tokenizer),
            )
            metrics = trainer.train().metrics
        return len(rows) / float(metrics["train_runtime"])

    return measure


def run(given: argparse.Namespace) -> Iterator[Row]:
    """Yield the row of both trainings."""
    from moviegenre.training.config import TrainingConfig
    from moviegenre.training.hardware import lightning_precision

    movies = 1280 if given.full else 192
    with tempfile.TemporaryDirectory() as scratch:
        data = films.prepared(Path(scratch), given.data, movies)
        common = {"data": str(data), "batch_size": 32, "max_tokens": 128}
        lengths = [len(tokens) for tokens in Plots(str(data), 128).tokens]
        precision = lightning_precision(TrainingConfig())
        yield harness.in_turn(
            Side(product, common),
            Side(hugging_face, common),
            given.rounds,
            work=f"train bert (MiniLM, {precision}), {movies} movies of "
            f"{statistics.mean(lengths):.0f} tokens",
            unit="movies/s",
            rival_name="Hugging Face Trainer",
        )


if __name__ == "__main__":
    harness.main(run, harness.options(__doc__))
