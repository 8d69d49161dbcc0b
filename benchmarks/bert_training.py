"""Speed of training ``bert``, against Hugging Face's ``Trainer`` as its documentation shows it.

    python benchmarks/bert_training.py --data data/prepared

Both train the packaged MiniLM on the same movies, with the same batch size and the same limit of
tokens, in turn, in one run, and the ratio of movies a second is printed. The baseline follows
https://huggingface.co/docs/transformers/tasks/sequence_classification: a sequence classification
model in fp32 as it is loaded, a random order of movies, a ``DataCollatorWithPadding`` that pads
each batch to its longest plot. Without ``--data``, synthetic movies are made up; real plots differ
more in length, so measure on those where you have them.
"""

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import transformers

from moviegenre.core.types import Split
from moviegenre.data.batches import MovieTensors
from moviegenre.data.prepare import prepare
from moviegenre.data.prepared import PreparedData
from moviegenre.data.ragged import Ragged
from moviegenre.data.synthetic.generate import synthesize
from moviegenre.losses import BCEConfig
from moviegenre.models.base import BuildContext
from moviegenre.models.bert import BertConfig
from moviegenre.models.encoders.pretrained import pretrained_folder
from moviegenre.training.config import TrainingConfig
from moviegenre.training.fit import fit
from moviegenre.training.hardware import lightning_precision

_ENCODER = "minilm"
_VALIDATION_MOVIES = 32  # our loop always validates; kept small, since the baseline does not


class Plots:
    """Tokenised plots and their labels.

    Args:
        data: Prepared movies.
        num_movies: How many of the training split are drawn.
        max_tokens: Where plots are cut.
    """

    def __init__(self, data: PreparedData, num_movies: int, max_tokens: int) -> None:
        tokenizer = BertConfig.parse({"plot_encoder": {"name": _ENCODER}}, "benchmark")
        self.config = tokenizer
        self.tokenizer = tokenizer.load_tokenizer(list)
        total = data.num_movies(Split.TRAIN)
        rows = np.random.default_rng(0).permutation(total)[:num_movies]
        plots = data.plots(Split.TRAIN, "first")
        self.labels = data.labels(Split.TRAIN)[rows]
        assert self.tokenizer is not None, "bert reads plots"
        self.tokens = self.tokenizer.encode([plots[row] for row in rows], max_tokens)

    def movies(self, rows: slice) -> MovieTensors:
        """Return some of them as our training takes them."""
        tokens, labels = self.tokens[rows], self.labels[rows]
        absent: npt.NDArray[np.bool_] = np.zeros(len(tokens), dtype=np.bool_)
        return MovieTensors(labels, Ragged.pack(tokens), None, absent)


def ours(plots: Plots, batch_size: int) -> float:
    """Return the movies a second of one epoch of our training."""
    context = BuildContext(num_labels=plots.labels.shape[1], tokenizer=plots.tokenizer)
    model = plots.config.build(context)
    with tempfile.TemporaryDirectory() as folder:
        result = fit(
            model,
            BCEConfig().build(plots.labels),
            (plots.movies(slice(None)), plots.movies(slice(_VALIDATION_MOVIES))),
            TrainingConfig(max_epochs=1, batch_size=batch_size),
            Path(folder),
            lambda _metrics, _epoch: None,
            resume=False,
            progress=False,
        )
    return result.history[0]["movies_per_second"]


def hugging_face(plots: Plots, batch_size: int) -> float:
    """Return the movies a second of one epoch of Hugging Face's Trainer."""
    folder = pretrained_folder(_ENCODER, None)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)  # a local folder # nosec B615
    model = transformers.AutoModelForSequenceClassification.from_pretrained(  # nosec B615
        folder,
        num_labels=plots.labels.shape[1],
        problem_type="multi_label_classification",
        dtype=torch.float32,
    )
    rows: list[dict[str, Any]] = [
        {"input_ids": tokens.tolist(), "labels": labels.tolist()}
        for tokens, labels in zip(plots.tokens, plots.labels, strict=True)
    ]
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


def main() -> None:
    """Run both in turn and print the ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="prepared movies; synthetic ones without it")
    parser.add_argument("--movies", type=int, default=640)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--max-tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the numbers here")
    options = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    with tempfile.TemporaryDirectory() as scratch:
        if options.data is None:
            synthesize(Path(scratch, "movies"), 2 * options.movies, seed=0)
            prepare(str(Path(scratch, "movies")), Path(scratch, "prepared"), progress=False)
        data = PreparedData(options.data or Path(scratch, "prepared"))
        plots = Plots(data, options.movies, options.max_tokens)
    rates: dict[str, list[float]] = {"moviegenre": [], "hugging_face_trainer": []}
    for round_number in range(1, options.rounds + 1):
        rates["hugging_face_trainer"].append(hugging_face(plots, options.batch_size))
        rates["moviegenre"].append(ours(plots, options.batch_size))
        shown = ", ".join(f"{name} {values[-1]:.1f}" for name, values in rates.items())
        print(f"round {round_number}: {shown} movies/s", flush=True)
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ratio = medians["moviegenre"] / medians["hugging_face_trainer"]
    mean_tokens = statistics.mean(len(tokens) for tokens in plots.tokens)
    precision = lightning_precision(TrainingConfig())
    print(
        f"{len(plots.tokens)} movies, {mean_tokens:.0f} tokens on average, batches of "
        f"{options.batch_size}, {torch.get_num_threads()} threads, ours in {precision}: "
        f"moviegenre trains {ratio:.2f} times as many movies a second"
    )
    if options.json:
        options.json.write_text(json.dumps({"rates": rates, "ratio": ratio}, indent=1) + "\n")


if __name__ == "__main__":
    main()
