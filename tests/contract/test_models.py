"""What every model in ``MODELS`` must do, whatever it is made of."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from moviegenre.artifacts.checkpoint import load_checkpoint, save_checkpoint
from moviegenre.core.types import Modality
from moviegenre.models.base import FittedModel, GenreModel, label_frequencies
from moviegenre.models.batch import Batch, ModelOutput
from moviegenre.models.registry import MODELS
from tests.tiny_checkpoints import trained
from tests.tiny_models import FITTED_TO, TINY_MODELS, build_tiny, tiny_config, write_bert_folder
from tests.tiny_movies import FREQUENCIES, GENRES, tiny_batch, tiny_movies, tiny_tokenizer

NUM_LABELS = len(GENRES)

# Softmax does not change when all its inputs are shifted by as much: the gradient of these biases
# is zero but for rounding, in any model.
_SHIFTS = (".key.bias", "pooling.score.2.bias")

every_model = pytest.mark.parametrize("name", MODELS)
every_trained_model = pytest.mark.parametrize("name", [n for n in MODELS if not MODELS[n].fitted])
every_fitted_model = pytest.mark.parametrize("name", [n for n in MODELS if MODELS[n].fitted])
fusions = pytest.mark.parametrize("name", [n for n, c in MODELS.items() if c.family == "fusion"])


def answer(model: GenreModel, batch: Batch) -> Tensor:
    """Return the logits (B, L) of a model in evaluation mode."""
    with torch.no_grad():
        output: ModelOutput = model.eval()(batch)
    return output.logits


def test_every_model_has_a_tiny_config_and_so_is_held_to_the_contract() -> None:
    assert set(TINY_MODELS) == set(MODELS)


@every_model
def test_config_and_model_agree_about_name_and_modalities(name: str, bert_folder: Path) -> None:
    model = build_tiny(name, bert_folder)
    assert MODELS[name].model_name == name
    assert model.modalities == MODELS[name].modalities
    assert isinstance(model, FittedModel) == MODELS[name].fitted


@every_model
@pytest.mark.parametrize("num_movies", [1, 5])
def test_logits_are_finite_and_one_a_label(name: str, num_movies: int, bert_folder: Path) -> None:
    logits = answer(build_tiny(name, bert_folder), tiny_batch(num_movies))
    assert logits.shape == (num_movies, NUM_LABELS)
    assert logits.isfinite().all()


@every_model
def test_logits_are_finite_for_a_movie_with_neither_plot_nor_poster(
    name: str, bert_folder: Path
) -> None:
    batch = tiny_batch(3, without_plot=[1], without_poster=[1])
    logits = answer(build_tiny(name, bert_folder), batch)
    assert logits.isfinite().all()


@every_trained_model
def test_one_movie_can_be_trained_on(name: str, bert_folder: Path) -> None:
    logits = build_tiny(name, bert_folder).train()(tiny_batch(1)).logits
    logits.sum().backward()
    assert logits.shape == (1, NUM_LABELS)
    assert logits.isfinite().all()


@every_fitted_model
@pytest.mark.parametrize("num_movies", [1, 5])
def test_few_movies_can_be_fitted_to(name: str, num_movies: int, bert_folder: Path) -> None:
    model = build_tiny(name, bert_folder)
    assert isinstance(model, FittedModel)
    model.fit(tiny_movies(num_movies, seed=4).tensors(tiny_tokenizer()))
    logits = answer(model, tiny_batch(num_movies, seed=4))
    assert logits.shape == (num_movies, NUM_LABELS)
    assert logits.isfinite().all()


@every_fitted_model
def test_fitting_again_forgets_what_was_fitted_before(name: str, bert_folder: Path) -> None:
    model, batch = build_tiny(name, bert_folder), tiny_batch(6)
    assert isinstance(model, FittedModel)
    first = answer(model, batch)
    model.fit(tiny_movies(20, seed=5).tensors(tiny_tokenizer()))
    assert not torch.equal(answer(model, batch), first)
    model.fit(FITTED_TO.tensors(tiny_tokenizer()))
    assert torch.equal(answer(model, batch), first)


@every_fitted_model
def test_an_optimiser_has_nothing_to_move_in_a_fitted_model(name: str, bert_folder: Path) -> None:
    assert list(build_tiny(name, bert_folder).parameters()) == []


@every_trained_model
def test_gradients_reach_every_trainable_parameter(name: str, bert_folder: Path) -> None:
    model = build_tiny(name, bert_folder)
    batch = tiny_batch(8, without_plot=[0], without_poster=[1])
    torch.manual_seed(0)
    (model(batch).logits * torch.randn(8, NUM_LABELS)).sum().backward()
    trainable = {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
    unreached = [n for n, grad in trainable.items() if grad is None]
    still = [n for n, grad in trainable.items() if grad is not None and not grad.abs().sum() > 0]
    assert trainable
    assert unreached == []
    assert [n for n in still if not n.endswith(_SHIFTS)] == []


@every_trained_model
def test_frozen_encoders_get_no_gradient_and_stay_in_evaluation_mode(
    name: str, bert_folder: Path
) -> None:
    fields = [f for f in ("plot_encoder", "poster_encoder") if f in MODELS[name].model_fields]
    # The poster encoder keeps its tiny network; the plot encoder's folder is filled in anyway.
    changes: dict[str, object] = {
        f: {"frozen": True} if f == "plot_encoder" else {"name": "none", "frozen": True}
        for f in fields
    }
    model = build_tiny(name, bert_folder, **changes).train()
    model(tiny_batch(4)).logits.sum().backward()
    encoded = [module for _, module in model.encoders()]
    assert len(encoded) == len(fields)
    parameters = [p for encoder in encoded for p in encoder.parameters()]
    assert not any(p.requires_grad or p.grad is not None for p in parameters)
    assert not any(module.training for encoder in encoded for module in encoder.modules())


@every_model
def test_evaluation_is_deterministic(name: str, bert_folder: Path) -> None:
    model, batch = build_tiny(name, bert_folder), tiny_batch(4)
    torch.manual_seed(1)
    first = answer(model, batch)
    torch.manual_seed(2)
    assert torch.equal(first, answer(model, batch))


@every_model
def test_longer_padding_changes_nothing(name: str, bert_folder: Path) -> None:
    model, batch = build_tiny(name, bert_folder), tiny_batch(4, without_plot=[2])
    padding = torch.zeros(4, 9, dtype=torch.int64)
    padded = replace(
        batch,
        input_ids=torch.cat([batch.input_ids, padding], dim=1),
        attention_mask=torch.cat([batch.attention_mask, padding.bool()], dim=1),
    )
    torch.testing.assert_close(answer(model, padded), answer(model, batch), rtol=0, atol=1e-5)


@every_model
def test_companions_in_the_batch_change_nothing(name: str, bert_folder: Path) -> None:
    model = build_tiny(name, bert_folder)
    batch = tiny_batch(6, without_plot=[3], without_poster=[4])
    together = answer(model, batch)
    for row in range(batch.size):
        length = max(1, int(batch.attention_mask[row].sum()))
        alone = Batch(
            input_ids=batch.input_ids[row : row + 1, :length],
            attention_mask=batch.attention_mask[row : row + 1, :length],
            has_plot=batch.has_plot[row : row + 1],
            image=batch.image[row : row + 1],
            has_poster=batch.has_poster[row : row + 1],
            labels=None,
            index=batch.index[row : row + 1],
        )
        torch.testing.assert_close(answer(model, alone), together[row : row + 1], rtol=0, atol=1e-5)


@every_model
def test_the_content_of_a_missing_poster_changes_nothing(name: str, bert_folder: Path) -> None:
    model = build_tiny(name, bert_folder)
    hidden = tiny_batch(4).without(Modality.POSTER)
    other = replace(hidden, image=255 - hidden.image)
    assert torch.equal(answer(model, hidden), answer(model, other))


@every_model
def test_the_content_of_a_missing_plot_changes_nothing(name: str, bert_folder: Path) -> None:
    model = build_tiny(name, bert_folder)
    hidden = tiny_batch(4).without(Modality.PLOT)
    other = replace(hidden, input_ids=hidden.input_ids.flip(0).flip(1))
    assert not torch.equal(hidden.input_ids, other.input_ids)
    torch.testing.assert_close(answer(model, hidden), answer(model, other), rtol=0, atol=1e-6)


@every_model
@pytest.mark.parametrize("modality", list(Modality))
def test_a_model_looks_at_its_modalities_and_at_no_other(
    name: str, modality: Modality, bert_folder: Path
) -> None:
    model, batch = build_tiny(name, bert_folder), tiny_batch(6)
    changed = (
        replace(batch, image=batch.image.flip(0))
        if modality is Modality.POSTER
        else replace(
            batch,
            input_ids=batch.input_ids.flip(0),
            attention_mask=batch.attention_mask.flip(0),
        )
    )
    reacts = not torch.equal(answer(model, batch), answer(model, changed))
    assert reacts == (modality in MODELS[name].modalities)


@pytest.mark.parametrize("name", [n for n, c in MODELS.items() if len(c.modalities) == 1])
def test_a_single_modality_model_gives_the_prior_where_its_modality_is_missing(
    name: str, bert_folder: Path
) -> None:
    (modality,) = MODELS[name].modalities
    logits = answer(build_tiny(name, bert_folder), tiny_batch(4).without(modality))
    fitted_to = label_frequencies(FITTED_TO.labels)
    frequencies = fitted_to if MODELS[name].fitted else FREQUENCIES
    prior = torch.tensor([np.log(p / (1 - p)) for p in frequencies], dtype=torch.float32)
    torch.testing.assert_close(logits, prior.expand(4, -1))


@fusions
@pytest.mark.parametrize("missing", list(Modality))
def test_a_fusion_answers_from_the_modality_that_is_there(
    name: str, missing: Modality, bert_folder: Path
) -> None:
    logits = answer(build_tiny(name, bert_folder), tiny_batch(6).without(missing))
    assert (logits.std(dim=0) > 1e-4).all()  # movies still differ


@every_model
def test_attention_sums_to_one_over_what_counts_and_is_zero_elsewhere(
    name: str, bert_folder: Path
) -> None:
    batch = tiny_batch(5, without_plot=[1, 3], without_poster=[2, 3])
    with torch.no_grad():
        attention = build_tiny(name, bert_folder).eval()(batch).attention
    assert bool(attention) == (name in {"attention_fusion", "wide_deep"})
    has_plot, has_poster = batch.has_plot.float(), batch.has_poster.float()
    sums = {key: weights.sum(dim=-1) for key, weights in attention.items()}
    expected = {
        "plot": has_plot,
        "poster": has_poster,
        "modality": (batch.has_plot | batch.has_poster).float(),
        "plot_to_poster": has_poster[:, None].expand(-1, batch.input_ids.shape[1]),
        "poster_to_plot": has_plot[:, None].expand(-1, 4),
    }
    for key, total in sums.items():
        torch.testing.assert_close(total, expected[key])
    for key in ("plot", "poster_to_plot"):
        if key in attention:
            padding = ~batch.attention_mask
            weights = attention[key].reshape(5, -1, padding.shape[1])
            assert weights.masked_select(padding.unsqueeze(1)).abs().sum() == 0


@every_model
def test_a_saved_model_gives_equal_logits_once_loaded(
    name: str, bert_folder: Path, tmp_path: Path
) -> None:
    model = build_tiny(name, bert_folder)
    with torch.no_grad():  # away from the values that building it again would give
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    reads_plots = Modality.PLOT in MODELS[name].modalities
    settings = {"model": tiny_config(name, bert_folder).model_dump(mode="json")}
    saved = trained(
        name,
        model,
        settings,
        tokenizer=tiny_tokenizer() if reads_plots else None,
        metrics={"f1_macro": 0.5},
        epoch=1.5,
    )
    save_checkpoint(tmp_path / "best.pth", saved)
    content = torch.load(tmp_path / "best.pth", weights_only=True)  # no code in it runs
    loaded = load_checkpoint(tmp_path / "best.pth")
    batch = tiny_batch(5, without_plot=[0], without_poster=[1])
    assert torch.equal(answer(loaded.network, batch), answer(model, batch))
    info = loaded.info
    assert content["model_name"] == info.model_name == name
    assert info.config == settings
    assert (info.genres, info.metrics, info.epoch) == (GENRES, {"f1_macro": 0.5}, 1.5)
    assert (info.tokenizer is not None) == reads_plots
    assert info.modalities == MODELS[name].modalities


@every_model
def test_loading_needs_no_pretrained_files(name: str, tmp_path: Path) -> None:
    folder = write_bert_folder(tmp_path / "bert")
    model = build_tiny(name, folder)
    config = {"model": tiny_config(name, folder).model_dump(mode="json")}
    saved = trained(name, model, config, tokenizer=tiny_tokenizer())
    save_checkpoint(tmp_path / "best.pth", saved)
    shutil.rmtree(folder)
    batch = tiny_batch(3)
    assert torch.equal(answer(load_checkpoint(tmp_path).network, batch), answer(model, batch))
