"""One step for every model."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.training.config import TrainingConfig
from moviegenre.training.task import GenreTask, by_film
from tests.tiny_models import build_tiny
from tests.tiny_movies import tiny_batch


def task_for(name: str, bert_folder: Path, **settings: float) -> GenreTask:
    config = TrainingConfig.parse(settings, "the test")
    return GenreTask(build_tiny(name, bert_folder).eval(), nn.BCEWithLogitsLoss(), config, 10)


def loss_of(task: GenreTask, batch: Batch) -> tuple[ModelOutput, float]:
    with torch.no_grad():
        output = task.model(batch)
        return output, float(task._loss(output, batch))


def test_what_each_modality_says_is_weighed_into_the_loss(bert_folder: Path) -> None:
    batch = tiny_batch(6, without_plot=[0], without_poster=[1, 2])
    task = task_for("late_fusion", bert_folder, modality_loss_weight=0.25)
    output, loss = loss_of(task, batch)
    labels, bce = batch.labels, nn.BCEWithLogitsLoss()
    assert labels is not None
    plot, poster = output.modality_logits.values()
    expected = bce(output.logits, labels)
    expected = expected + 0.25 * bce(plot[1:], labels[1:])  # only movies that have a plot
    expected = expected + 0.25 * bce(poster[[0, 3, 4, 5]], labels[[0, 3, 4, 5]])
    assert loss == pytest.approx(float(expected), rel=1e-5)


def test_a_batch_without_any_poster_has_a_finite_loss(bert_folder: Path) -> None:
    task = task_for("late_fusion", bert_folder, modality_loss_weight=0.25)
    _, loss = loss_of(task, tiny_batch(3, without_poster=[0, 1, 2]))
    assert 0 < loss < 10


def test_a_weight_of_zero_leaves_the_plain_loss(bert_folder: Path) -> None:
    batch = tiny_batch(6)
    output, loss = loss_of(task_for("late_fusion", bert_folder, modality_loss_weight=0.0), batch)
    assert batch.labels is not None
    assert loss == pytest.approx(float(nn.BCEWithLogitsLoss()(output.logits, batch.labels)))


def test_each_step_has_its_own_dropout_fixed_by_the_seed(bert_folder: Path) -> None:
    def draw(seed: int) -> float:
        task = task_for("lstm", bert_folder, seed=seed)
        torch.manual_seed(12345)  # whatever was drawn before
        task.on_train_batch_start(tiny_batch(2), 0)
        return float(torch.rand(()))

    assert draw(0) == draw(0)
    assert draw(0) != draw(1)


def test_gradients_are_clipped_by_their_norm(bert_folder: Path) -> None:
    task = task_for("lstm", bert_folder)
    for parameter in task.parameters():
        parameter.grad = torch.ones_like(parameter)
    task.configure_gradient_clipping(torch.optim.SGD(task.parameters()), 0.5, "norm")
    norms = [p.grad.norm() for p in task.parameters() if p.grad is not None]
    assert float(torch.stack(norms).norm()) == pytest.approx(0.5, rel=1e-3)


def test_a_film_is_validated_by_the_mean_probability_of_its_texts() -> None:
    logits = torch.tensor([[0.0], [2.0], [-1.0]])  # of rows 2, 0 and 1
    labels = torch.tensor([[1.0], [0.0], [0.0]])
    rows, films = torch.tensor([2, 0, 1]), np.array([0, 0, 1])
    validated, truth = by_film(logits, labels, rows, films)
    mean = (torch.sigmoid(torch.tensor(2.0)) + torch.sigmoid(torch.tensor(-1.0))) / 2
    torch.testing.assert_close(torch.sigmoid(validated), torch.tensor([[float(mean)], [0.5]]))
    assert truth.tolist() == [[0.0], [1.0]]
    assert by_film(logits, labels, rows, None) == (logits, labels)
