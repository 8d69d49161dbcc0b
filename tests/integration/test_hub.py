"""``config.yaml`` and the hub end to end: encoders come from it, a trained model goes to it.

The hub is the small one of ``tests/local_hub.py``, with tiny encoders under the real names. The
commands run in new processes with ``HF_ENDPOINT`` set, forked from one with everything imported.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.artifacts.folder import EXPORTED_FILES
from moviegenre.models.encoders.pretrained import PINNED_REVISIONS
from tests.local_hub import TOKEN, LocalHub, local_hub

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BERT, RESNET = "bert-base-uncased", "microsoft/resnet-50"
OWN, FILMS, HIDDEN = "someone/encoder", "someone/films", "someone/hidden"
SMALL = ["--set", "data.max_tokens=16", "--set", "data.image_size=[64,64]"]
SHORT = ["--set", "training.max_epochs=1", "--set", "training.intervals_per_epoch=1"]
PLOT = "A detective hunts a killer."
NOWHERE = "http://127.0.0.1:9"  # nothing listens there

_RUN = """
import contextlib, importlib, io, json, os, sys
from moviegenre.apps.cli import main
for name in sys.argv[1:]:
    importlib.import_module(name)
for line in sys.stdin:
    if os.fork():
        if os.wait()[1]:
            break
        continue
    commands, environment = json.loads(line)
    os.environ.update(environment)
    results, streams = [], (io.StringIO(), io.StringIO())
    for command in commands:
        status = 0
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            try:
                main(command)
            except SystemExit as end:
                status = end.code or 0
        results.append([status, *(stream.getvalue() for stream in streams)])
        for stream in streams:  # the same ones for all commands: logging keeps the first one
            stream.seek(0)
            stream.truncate()
    print(json.dumps(results), flush=True)
    os._exit(0)
"""
_IMPORTED = (
    *("moviegenre.experiment.train", "moviegenre.experiment.export", "lightning.pytorch.loggers"),
    *("transformers.models.bert.modeling_bert", "transformers.models.resnet.modeling_resnet"),
    *("pyarrow.dataset", "tensorboard.summary", "torch.utils.tensorboard", "pandas"),
)


@dataclass
class Result:
    """What a command ended with."""

    status: int
    output: str
    errors: str


@dataclass
class Workplace:
    """A folder with prepared movies and trained models, and the hub.

    Attributes:
        process: Runs the commands.
        answers: Of the exported folder and of the same model on the hub, to the same plot.
        requests: What the hub was asked until then.
    """

    folder: Path
    hub: LocalHub
    process: "subprocess.Popen[str]"
    answers: list[Any] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def run(self, commands: Sequence[Sequence[str]], **environment: str) -> list[Result]:
        """Run commands one after the other in a new process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([commands, environment]) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the process ended early; its traceback is on standard error"
        return [Result(*result) for result in json.loads(answer)]

    def run_record(self, path: str) -> dict[str, Any]:
        """Return the record of a training."""
        record: dict[str, Any] = json.loads((self.folder / path / "run.json").read_text("utf-8"))
        return record


def train(model: str, *options: str) -> list[str]:
    return ["train", model, "--config", str(ROOT / "config.yaml"), "--quiet", *SMALL, *options]


def train_on_own_encoder(out: str) -> list[str]:
    return train("bert", *SHORT, "--set", f"model.plot_encoder.name={OWN}", "--out", out)


def predict(model: str) -> list[str]:
    return ["predict", "--checkpoint", model, "--plot", PLOT, "--json"]


def bert_files(seed: int) -> dict[str, bytes]:
    """Return a tiny BERT as the hub has the real one: pretraining heads, gamma and beta."""
    from transformers import BertConfig, BertForPreTraining

    torch.manual_seed(seed)
    config = BertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    config.architectures = ["BertForMaskedLM"]
    model = BertForPreTraining(config)
    norms = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    weights = {}
    for name, weight in model.state_dict().items():
        for new, old in norms.items():
            name = name.replace(new, old)
        if "decoder" not in name:  # tied to the embeddings
            weights[name] = weight.contiguous()
    tokenizer = ROOT / "src/moviegenre/box/model/tokenizer.json"  # of bert-base-uncased
    return {
        "config.json": config.to_json_string().encode(),
        "model.safetensors": save(weights, {"format": "pt"}),
        "tokenizer.json": tokenizer.read_bytes(),
        "README.md": b"not downloaded",
        "pytorch_model.bin": b"not downloaded",
    }


def resnet_files(seed: int) -> dict[str, bytes]:
    """Return a tiny ResNet as the hub has the real one: with the head of a classifier."""
    from transformers import ResNetConfig, ResNetForImageClassification

    torch.manual_seed(seed)
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1])
    config.architectures = ["ResNetForImageClassification"]
    weights = ResNetForImageClassification(config).state_dict()
    return {
        "config.json": config.to_json_string().encode(),
        "model.safetensors": save(weights, {"format": "pt"}),
        "preprocessor_config.json": b'{"image_mean": [0.485, 0.456, 0.406]}',
    }


@contextmanager
def commands_process(folder: Path, hub: LocalHub) -> Iterator["subprocess.Popen[str]"]:
    """Start the process that commands are forked from."""
    environment = {
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(folder / "hf"),
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_XET": "1",  # the small hub keeps large files as git LFS does
        "MOVIEGENRE_CACHE": str(folder / "cache"),
    }
    with subprocess.Popen(
        [sys.executable, "-c", _RUN, *_IMPORTED],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """Train and upload once; every test looks at that, or goes on in its own names."""
    folder = tmp_path_factory.mktemp("hub")
    with local_hub() as hub, commands_process(folder, hub) as process:
        # The hub has moved the first BERT to an owner; ``main`` of both has gone on since the pin.
        hub.moved[BERT] = f"google-bert/{BERT}"
        for name, make in ((hub.moved[BERT], bert_files), (RESNET, resnet_files)):
            hub.model(name).commit(make(0), PINNED_REVISIONS[name])
            hub.model(name).commit(make(1))
        hub.model(OWN).commit(bert_files(2))
        hub.model(HIDDEN).commit({"README.md": b"A card."})
        hub.model(HIDDEN).private = True
        place = Workplace(folder, hub, process)
        commands = [
            ["data", "synthesize", "films", "--movies", "60"],
            ["data", "prepare", "films", "--out", "data/prepared", "--min-movies", "5", "--quiet"],
            train("bert", *SHORT),
            train("resnet", *SHORT),
            train("wide_deep", *SHORT),
            train_on_own_encoder("own"),
            ["export", "--checkpoint", "checkpoints/bert", "--out", "exported", "--no-onnx"],
            ["push", "--model", "exported", FILMS, "--private"],
            predict("exported"),
            predict(FILMS),
        ]
        results = place.run(commands)
        for command, result in zip(commands, results, strict=True):
            assert result.status == 0, (command, result.errors)
        place.requests = list(hub.requests)
        place.answers = [json.loads(result.output) for result in results[-2:]]
        yield place


def test_the_default_encoders_come_from_the_hub_at_their_pinned_commits(
    workplace: Workplace,
) -> None:
    pinned = {name: PINNED_REVISIONS[name] for name in (BERT, RESNET)}
    expected = {"bert": {BERT}, "resnet": {RESNET}, "wide_deep": {BERT, RESNET}}
    for model, names in expected.items():
        revisions = {name: pinned[name] for name in names}
        assert workplace.run_record(f"checkpoints/{model}")["revisions"] == revisions
        assert load_checkpoint(workplace.folder / "checkpoints" / model).info.revisions == revisions


def test_each_file_is_downloaded_once_and_only_what_is_needed(workplace: Workplace) -> None:
    downloads = [path for path in workplace.requests if path.startswith("GET /large/")]
    names = (f"google-bert/{BERT}", RESNET, OWN, FILMS)
    first = [next(iter(workplace.hub.models[name].commits.values())) for name in names]
    weights = [hashlib.sha256(files["model.safetensors"]).hexdigest() for files in first]
    assert sorted(downloads) == sorted(f"GET /large/{sha256}" for sha256 in weights)
    encoders = (f"/{BERT}/resolve/", f"/{RESNET}/resolve/", f"/{OWN}/resolve/")
    files = {
        path.rsplit("/", 1)[1]
        for path in workplace.requests
        if any(encoder in path for encoder in encoders)
    }
    assert files == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "preprocessor_config.json",
    }


def test_frozen_encoders_have_the_weights_of_the_hub(workplace: Workplace) -> None:
    trained = load_checkpoint(workplace.folder / "checkpoints/wide_deep").network.state_dict()
    bert = load(bert_files(0)["model.safetensors"])
    resnet = load(resnet_files(0)["model.safetensors"])
    for key, weight in (
        ("encoder.layer.0.attention.self.query.weight", bert),
        ("embeddings.LayerNorm.weight", bert),
    ):
        stored = weight["bert." + key.replace("LayerNorm.weight", "LayerNorm.gamma")]
        assert torch.equal(_find(trained, "plot_encoder", key), stored)
    key = "embedder.embedder.convolution.weight"
    assert torch.equal(_find(trained, "poster_encoder", key), resnet["resnet." + key])


def test_a_pushed_model_is_what_was_exported_and_predicts_the_same(workplace: Workplace) -> None:
    model = workplace.hub.models[FILMS]
    assert model.private
    files = next(iter(model.commits.values()))
    exported = {p.name for p in (workplace.folder / "exported").iterdir()} & set(EXPORTED_FILES)
    assert set(files) == exported
    for name, content in files.items():
        assert content == (workplace.folder / "exported" / name).read_bytes()
    assert workplace.answers[0] == workplace.answers[1]


def test_without_a_network_what_was_downloaded_is_enough(workplace: Workplace) -> None:
    commands = [predict(FILMS), train("resnet", *SHORT, "--out", "offline")]
    answered, trained = workplace.run(commands, http_proxy=NOWHERE, no_proxy="")
    assert answered.status == trained.status == 0, answered.errors + trained.errors
    assert json.loads(answered.output) == workplace.answers[1]
    assert workplace.run_record("offline/resnet")["revisions"] == {RESNET: PINNED_REVISIONS[RESNET]}


def test_a_changed_commit_is_noticed_and_the_old_one_can_be_named(workplace: Workplace) -> None:
    encoder, films = workplace.hub.models[OWN], workplace.hub.models[FILMS]
    assert encoder.branch is not None
    assert films.branch is not None
    old_encoder, old_films = encoder.branch, films.branch
    new_encoder = encoder.commit(bert_files(3))
    new_films = films.commit({"README.md": b"Another card."})
    commands = [
        train_on_own_encoder("new"),
        [*train_on_own_encoder("old"), "--set", f"model.plot_encoder.revision={old_encoder}"],
        predict(FILMS),
        predict(f"{FILMS}@{old_films}"),
    ]
    results = workplace.run(commands)
    assert [result.status for result in results] == [0] * 4, results
    changes = ((OWN, old_encoder, new_encoder), (FILMS, old_films, new_films))
    for (name, old, new), result, other in zip(changes, results[::2], results[1::2], strict=True):
        warning = f"commit {new[:12]}, and was {old[:12]}; to keep that one, name {name}@{old}"
        assert result.errors.count(warning) == 1
        assert "has changed" not in other.errors
    assert workplace.run_record("new/bert")["revisions"] == {OWN: new_encoder}
    assert workplace.run_record("old/bert")["revisions"] == {OWN: old_encoder}
    assert workplace.run_record("own/bert")["revisions"] == {OWN: old_encoder}


def test_without_the_right_token_one_line_says_so(workplace: Workplace) -> None:
    before = dict(workplace.hub.models)
    pushed, read, missing = workplace.run(
        [
            ["push", "--model", "exported", "someone/else"],
            predict(HIDDEN),
            train("bert", "--set", "model.plot_encoder.name=someone/nothing", "--out", "none"),
        ],
        HF_TOKEN="hf_wrong",
    )
    assert [pushed.status, read.status, missing.status] == [2, 2, 2]
    assert pushed.errors.startswith("error: someone/else could not be uploaded to the Hugging Face")
    assert "hf auth login" in pushed.errors
    for result, name in ((read, HIDDEN), (missing, "someone/nothing")):
        assert f"{name} is no local" in result.errors
        assert "RepositoryNotFoundError" in result.errors
    assert all(len(result.errors.splitlines()) == 1 for result in (pushed, read, missing))
    assert workplace.hub.models == before


def _find(weights: dict[str, torch.Tensor], encoder: str, key: str) -> torch.Tensor:
    (name,) = [name for name in weights if name.startswith(encoder) and name.endswith(key)]
    return weights[name]
