"""A film's answer does not depend on its company: every form of every model, and the box.

Alone, in batches of any size and order, beside plots of any length, with one thread or two.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

import moviegenre
from moviegenre.artifacts.folder import BACKEND_FILES, INT4_FILE, INT8_FILE, ONNX_FILE
from moviegenre.artifacts.onnx_export import example_inputs, export_onnx
from moviegenre.artifacts.onnx_graph import fuse, skip_missing_posters
from moviegenre.artifacts.onnx_model import OnnxModel
from moviegenre.artifacts.quantise import Bits, quantise
from moviegenre.artifacts.torch_folder import write_exported
from moviegenre.artifacts.trained import EXACT_FIRST, Backend
from moviegenre.box import FOLDER
from moviegenre.core.decisions import FloatArray
from moviegenre.core.errors import ConfigError
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.core.types import Modality
from moviegenre.examples import example_films
from moviegenre.inference.films import Film
from moviegenre.inference.predictor import Predictor
from moviegenre.models.registry import MODELS
from tests.tiny_checkpoints import POINT, changed, tiny_checkpoint
from tests.tiny_movies import tiny_movies, tiny_tokenizer

NETWORKS = [name for name, kind in MODELS.items() if not kind.fitted]
FORMS = EXACT_FIRST
FOUR_BITS = {"bert", "early_fusion", "late_fusion", "attention_fusion", "wide_deep"}
WAYS = ((1, 2, False), (1, 32, False), (2, 32, False), (2, 32, True))
"""Threads, films a batch, and whether several films are computed at once."""
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> dict[str, Path]:
    """Return a folder for each model with all forms that it has."""
    return {
        name: write_forms(name, tmp_path_factory.mktemp(name), bert_folder) for name in NETWORKS
    }


def write_forms(name: str, folder: Path, bert_folder: Path) -> Path:
    windows = {"name": str(bert_folder), "window": 8}
    checkpoint = (
        tiny_checkpoint(name, bert_folder, plot_encoder=windows)
        if name in FOUR_BITS - {"attention_fusion"}
        else tiny_checkpoint(name, bert_folder)
    )
    checkpoint.network.prepare(tiny_movies(40, seed=1).tensors(tiny_tokenizer()))
    checkpoint = changed(checkpoint)  # which has other n-grams now
    write_exported(folder, checkpoint, {})
    POINT.write(folder / THRESHOLDS_FILE)
    export_onnx(checkpoint, folder / ONNX_FILE)
    sizes: tuple[tuple[str, Bits], ...] = ((INT8_FILE, 8), (INT4_FILE, 4))
    for file, bits in sizes:
        if bits == 8 or name in FOUR_BITS:
            quantise(folder / ONNX_FILE, folder / file, bits)
        else:
            with pytest.raises(ConfigError):
                quantise(folder / ONNX_FILE, folder / file, bits)
    films = example_inputs(*checkpoint.info.data_config.image_size)
    for written in sorted(folder.glob("*.onnx")):
        skip_missing_posters(written, films)
        if written.name != ONNX_FILE:
            fuse(written)
    return folder


def tiny_films(predictor: Predictor) -> list[Film]:
    """Return films with plots from one word to more than is read, some without one part."""
    movies = tiny_movies(12, seed=5)
    films = []
    for row, (plot, poster) in enumerate(zip(movies.plots, movies.posters, strict=True)):
        has = {
            Modality.PLOT: " ".join([plot] * (row // 3 + 1)) if row else "ghost",
            Modality.POSTER: poster,
        }
        if len(predictor.model.modalities) > 1 and row in (3, 7):
            del has[Modality.PLOT if row == 3 else Modality.POSTER]
        films.append(predictor.reader.read(has.get(Modality.PLOT), has.get(Modality.POSTER)))
    return films


@contextmanager
def threads(
    predictor: Predictor, path: Path | None, number: int, *, bulk: bool = False
) -> Iterator[None]:
    """Have a predictor compute with so many threads; ``path`` is its ONNX file, if it has one."""
    before, backend = torch.get_num_threads(), predictor.backend
    torch.set_num_threads(number)
    if path is not None:
        predictor.backend = OnnxModel(path, backend.info, backend.name, number, bulk=bulk)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        predictor.backend = backend


def check(predictor: Predictor, films: list[Film], path: Path | None, *, exact: bool) -> None:
    """Assert that every way to ask for films gives the answers that they get alone."""
    with threads(predictor, path, 1):
        alone = np.concatenate([predictor.probabilities([film]) for film in films])
    chosen = predictor.decide(films, alone)
    assert len({row.tobytes() for row in alone.round(3)}) > 3, "films differ"
    generator = np.random.default_rng(0)
    for number, batch_size, bulk in WAYS:
        order = generator.permutation(len(films))
        asked = [films[row] for row in order]
        with threads(predictor, path, number, bulk=bulk):
            found: FloatArray = predictor.probabilities(asked, batch_size)
        away = np.abs(found - alone[order]).max()
        assert away <= (0 if exact else TOLERANCE), (number, batch_size, bulk, away)
        assert np.array_equal(predictor.decide(asked, found), chosen[order])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_film_is_answered_alike_in_any_company(
    name: str, form: Backend, folders: dict[str, Path]
) -> None:
    path = folders[name] / BACKEND_FILES[form]
    if not path.is_file():
        assert form == "int4"
        assert name not in FOUR_BITS
        pytest.skip("four bits are for transformers' feed-forward blocks")
    predictor = moviegenre.load(folders[name], backend=form)
    file = None if form == "torch" else path
    check(predictor, tiny_films(predictor), file, exact=form in ("int8", "int4"))


def test_the_box_answers_a_film_alike_in_any_company() -> None:
    predictor = moviegenre.load()
    examples = [film for film in example_films() if film.plot and film.poster]
    longest = " ".join(str(film.plot) for film in examples)
    films = [predictor.reader.read(film.plot, film.poster) for film in examples]
    films += [
        predictor.reader.read(longest, None),
        predictor.reader.read(None, examples[0].poster),
        predictor.reader.read("A ghost.", examples[1].poster),
    ]
    check(predictor, films, FOLDER / INT8_FILE, exact=True)


def test_a_wide_batch_of_the_box_is_no_other_than_its_films() -> None:
    """The same plot beside one that is far longer: padding and a shared scale are what differed."""
    predictor = moviegenre.load()
    short = predictor.reader.read("A sheriff rides into town.", None)
    long = predictor.reader.read(" ".join(str(film.plot) for film in example_films()), None)
    together = predictor.backend.answer(predictor.reader.batch([short, long, short])).logits
    alone = predictor.backend.answer(predictor.reader.batch([short])).logits
    assert np.array_equal(together[0], alone[0])
    assert np.array_equal(together[2], alone[0])
