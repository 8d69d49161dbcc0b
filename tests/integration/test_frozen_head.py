"""A fusion that leaves films without a plot to the poster model it starts from."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.core.errors import CheckpointError, ConfigError
from moviegenre.experiment.train import train
from tests.tiny_models import tiny_config
from tests.tiny_movies import tiny_batch
from tests.tiny_training import tiny_experiment


def test_films_without_a_plot_are_answered_as_the_poster_model_does(
    prepared_folder: Path, bert_folder: Path, tmp_path: Path
) -> None:
    frozen = {"name": "none", "grid": [2, 2], "frozen": True}
    poster = tiny_experiment("resnet", prepared_folder, bert_folder, max_epochs=1)
    settings = tiny_config("resnet", bert_folder, hidden_dim=4, poster_encoder=frozen)
    own = load_checkpoint(
        train(replace(poster, model=settings), tmp_path, progress=False).checkpoint
    )
    experiment = tiny_experiment("early_fusion", prepared_folder, bert_folder, max_epochs=2)
    fusion = {
        "poster_encoder": frozen,
        "poster_hidden_dim": 4,
        "frozen_poster_head": True,
        "init_plot": None,
    }

    def trained(**changes: object) -> Path:
        model = tiny_config("early_fusion", bert_folder, **{**fusion, **changes})
        return train(replace(experiment, model=model), tmp_path, progress=False).checkpoint

    message = re.escape(
        "model.frozen_poster_head would leave poster_head.hidden.1.bias as it was drawn; start "
        "from a trained poster model (model.init_from, model.init_poster) whose hidden_dim is this "
        "model's poster_hidden_dim"
    )
    with pytest.raises(ConfigError, match=message):
        trained()
    with pytest.raises(ConfigError, match="would leave poster_head"):
        trained(init_from=tmp_path, init_poster=None, init_plot=None)
    for width in (0, 8):
        with pytest.raises(CheckpointError, match="give both heads the same width"):
            trained(init_from=tmp_path, poster_hidden_dim=width)
    assert not (tmp_path / "early_fusion" / "best.pth").exists()

    checkpoint = load_checkpoint(trained(init_from=tmp_path))
    batch = tiny_batch(4, without_plot=[0, 1])
    with torch.no_grad():
        expected = own.network.eval()(batch).logits
        logits = checkpoint.network.eval()(batch).logits
    torch.testing.assert_close(logits[:2], expected[:2])
    assert (logits[2:] - expected[2:]).abs().max() > 0.01
