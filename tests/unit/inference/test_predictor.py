"""One film, many films, tables of films: the same answers, decided at the operating point."""

import json
import shutil
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone, is_classifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn

import moviegenre
from moviegenre.artifacts.torch_folder import write_exported
from moviegenre.artifacts.trained import Answer
from moviegenre.core.decisions import from_log_odds, log_odds
from moviegenre.core.errors import CheckpointError, ConfigError, InputError
from moviegenre.core.operating_point import THRESHOLDS_FILE
from moviegenre.core.types import Modality
from moviegenre.data.batches import BatchArrays
from moviegenre.inference.prediction import Explanation, Prediction
from moviegenre.inference.predictor import Predictor
from tests.tiny_checkpoints import POINT, save_tiny, tiny_checkpoint
from tests.tiny_movies import GENRES, png_bytes, tiny_movies

MOVIES = tiny_movies(5)
NEITHER = "a film needs a plot or a poster; found neither"
POSTERS = list(MOVIES.posters)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> Path:
    """Return the folder of a trained early fusion."""
    root = tmp_path_factory.mktemp("early_fusion")
    save_tiny(root, tiny_checkpoint("early_fusion", bert_folder))
    return root


@pytest.fixture(scope="module")
def predictor(folder: Path) -> Predictor:
    return moviegenre.load(folder)


def test_the_answer_is_cut_at_the_operating_point(predictor: Predictor) -> None:
    prediction = predictor.predict(plot=MOVIES.plots[0], poster=POSTERS[0])
    probs = predictor.predict_proba([(MOVIES.plots[0], POSTERS[0])])[0]
    assert prediction.probabilities == dict(zip(GENRES, probs, strict=True))
    assert prediction.thresholds == POINT.threshold_by_genre()
    assert prediction.genres == [
        name for name, p in prediction.probabilities.items() if p >= prediction.thresholds[name]
    ]
    ranked = list(prediction.probabilities.values())
    assert ranked == sorted(ranked, reverse=True)
    assert list(prediction.thresholds) == list(prediction.probabilities)
    assert prediction.modalities == ["plot", "poster"]


def test_a_film_that_lacks_a_modality_is_decided_at_the_point_for_such_films(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "model")
    lone = replace(POINT, thresholds=np.full(3, 0.9), scale=np.ones(3), shift=np.ones(3))
    replace(POINT, without={Modality.POSTER: lone}).write(tmp_path / "model" / THRESHOLDS_FILE)
    predictor, plain = moviegenre.load(tmp_path / "model"), moviegenre.load(folder)
    plots, posters = MOVIES.plots[:2], [None, POSTERS[1]]
    without, complete = predictor.predict(plot=list(plots), poster=posters)
    assert set(without.thresholds.values()) == {0.9}
    assert complete.thresholds == POINT.threshold_by_genre()
    assert complete.probabilities == pytest.approx(
        plain.predict(plot=plots[1], poster=POSTERS[1]).probabilities
    )
    odds = log_odds(np.array([plain.predict(plot=plots[0]).probabilities[name] for name in GENRES]))
    expected = from_log_odds((odds - POINT.shift) / POINT.scale + 1)
    found = [without.probabilities[name] for name in GENRES]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    table = predictor.predict(list(zip(plots, posters, strict=True)))
    assert [[n for n, one in zip(GENRES, row, strict=True) if one] for row in table] == [
        sorted(answer.genres) for answer in (without, complete)
    ]


def test_the_answer_for_machines_has_the_keys_of_the_contract(predictor: Predictor) -> None:
    plain = predictor.predict(plot="the ghost").to_json_dict()
    assert list(plain) == ["genres", "probabilities", "thresholds", "modalities", "warnings"]
    assert json.loads(json.dumps(plain)) == plain
    assert plain["modalities"] == ["plot"]


def test_lists_are_batches_and_a_film_may_lack_either(predictor: Predictor) -> None:
    plots: list[Any] = [MOVIES.plots[0], None, ("the ghost", "another text")]
    together = predictor.predict(plot=plots, poster=[POSTERS[0], POSTERS[1], None])
    alone = [
        predictor.predict(plot=MOVIES.plots[0], poster=POSTERS[0]),
        predictor.predict(poster=POSTERS[1]),
        predictor.predict(plot="the ghost"),
    ]
    for one, other in zip(together, alone, strict=True):
        assert one.modalities == other.modalities
        for genre, probability in one.probabilities.items():
            assert probability == pytest.approx(other.probabilities[genre], abs=1e-6)
    assert len(predictor.predict(poster=POSTERS)) == 5
    assert predictor.predict(plot=[], poster=[]) == []


@pytest.mark.parametrize(
    ("plot", "poster", "message"),
    [
        (["a", "b"], [None], "found 2 plots and 1 posters; expected as many"),
        (["a"], "poster.jpg", "poster is str beside a list; expected two lists"),
        ("a", [None], "plot is str beside a list; expected two lists"),
        (
            ["a", None, ""],
            None,
            "films[1]: a film needs a plot or a poster; found neither; films[2]:",
        ),
    ],
)
def test_faults_of_a_batch_are_told_together(
    predictor: Predictor, plot: Any, poster: Any, message: str
) -> None:
    with pytest.raises(InputError) as error:
        predictor.predict(plot=plot, poster=poster)
    assert str(error.value).startswith(message)


def test_of_many_faults_some_are_told(predictor: Predictor) -> None:
    with pytest.raises(InputError) as error:
        predictor.predict(plot=["a"] + [""] * 1_300)
    assert str(error.value).endswith("films[3]: " + NEITHER + "; and 1,297 more films")
    assert str(error.value).count(NEITHER) == 3


def test_an_empty_path_is_no_poster_and_a_folder_none_either(
    predictor: Predictor, tmp_path: Path
) -> None:
    asked = predictor.predict(plot="the ghost", poster=" ")
    assert asked.probabilities == predictor.predict(plot="the ghost").probabilities
    with pytest.raises(InputError, match="is a folder; expected a poster's file"):
        predictor.predict(plot="the ghost", poster=tmp_path)


def test_a_text_is_the_plot_of_one_film(predictor: Predictor) -> None:
    one = predictor.predict(MOVIES.plots[0], poster=POSTERS[0])
    assert one == predictor.predict(plot=MOVIES.plots[0], poster=POSTERS[0])
    assert predictor.predict(np.str_("the ghost")) == predictor.predict(plot="the ghost")
    with pytest.raises(InputError, match=NEITHER):
        predictor.predict(" ")
    for table in ("the ghost", [("a", None)]):
        with pytest.raises(InputError, match="found a table beside plot or poster"):
            predictor.predict(table, plot="the prank")  # type: ignore[call-overload]


def test_columns_are_lists(predictor: Predictor) -> None:
    plots = pd.Series(MOVIES.plots, index=range(5, 0, -1))
    assert len(predictor.predict(poster=iter(POSTERS))) == len(POSTERS)
    assert predictor.predict(poster=bytearray(png_bytes(POSTERS[0]))).modalities == ["poster"]
    found = predictor.predict(plot=plots, poster=np.stack(POSTERS), year=pd.Series([1950.0] * 5))
    assert "The year was not read" in found[0].warnings[0]
    found = [replace(answer, warnings=[]) for answer in found]
    assert found == predictor.predict(plot=list(MOVIES.plots), poster=POSTERS)
    np.testing.assert_array_equal(predictor.predict(plots), predictor.predict(list(MOVIES.plots)))


def test_titles_alone_are_films_and_every_sequence_is_a_list() -> None:
    included = moviegenre.load()
    titles = included.predict(title=["Rain", "Dust"], year=[None, 1950])
    assert [answer.modalities for answer in titles] == [["title"], ["title"]]
    assert titles[1] == included.predict(title="Dust", year=1950)
    plots = ["A ghost haunts a house.", "A killer hunts a widow."]
    assert included.predict(plot=deque(plots)) == included.predict(plot=plots)
    alone = titles[1].explain(attribute=["Drama"])
    assert alone.share() == {"title": 1.0}
    assert alone.to_json_dict()["modality_share"] == {"title": 1.0}
    assert list(alone.effects["Drama"]) == ["title"]
    assert alone.words == {}
    both = included.predict(title="Dust", poster=POSTERS[0]).explain()
    assert list(both.share()) == ["title", "poster"]
    assert included.predict(plots[0]).explain(attribute=None).words == {}
    with pytest.raises(InputError, match="found 5; expected a list of genres"):
        included.predict(plots[0]).explain(attribute=5)  # type: ignore[arg-type]


def test_warnings_of_a_table_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    included = moviegenre.load()
    probs = included.predict_proba(["A ghost haunts a house.", "TBA", "TBA", "TBA"])
    assert not np.isnan(probs).any()
    (message,) = (record.getMessage() for record in caplog.records if record.levelname == "WARNING")
    assert message.startswith("films with a warning: 4 of 4, 3 of them with nothing to read (no ")
    assert 'films[1]: The plot is a placeholder ("TBA"), so it was ignored; films[2]: ' in message
    assert message.endswith("; and 1 more film")
    caplog.clear()
    included.predict(["A ghost haunts a house."])
    assert caplog.messages == [
        "films with a warning: 1 of 1: films[0]: The plot is very short, so the answer is less "
        "certain"
    ]


def test_unread_parts_have_a_warning_for_each_film_and_one_for_a_table(
    tmp_path: Path, bert_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_tiny(tmp_path, tiny_checkpoint("cnn", bert_folder))
    predictor = moviegenre.load(tmp_path)
    parts: dict[str, list[Any]] = {"plot": list(MOVIES.plots[:2]), "poster": POSTERS[:2]}
    warning = "The plot was not read, because this model reads only posters."
    assert [
        answer.warnings for answer in predictor.predict(plot=parts["plot"], poster=parts["poster"])
    ] == [[warning]] * 2
    assert predictor.predict(plot=MOVIES.plots[0], poster=POSTERS[0]).warnings == [warning]
    caplog.clear()
    predictor.predict_proba(parts)
    note = "the table: plots are not read, because this model reads only posters"
    assert caplog.messages == [note]


def test_equal_films_are_computed_once(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = predictor.predict_proba(["the ghost", "the prank", "the ghost"])
    assert len(set(map(tuple, expected))) == 2
    sizes: list[int] = []
    answer = predictor.backend.answer

    def counted(batch: BatchArrays) -> Answer:
        sizes.append(len(batch.has_poster))
        return answer(batch)

    monkeypatch.setattr(predictor.backend, "answer", counted)
    probs = predictor.predict_proba(["the ghost", "the prank", "the ghost"] * 4)
    assert sizes == [2]
    np.testing.assert_array_equal(probs, np.tile(expected, (4, 1)))


BROKEN: list[Any] = [POSTERS[0], b"no image", None, b"no image"]
TEXTS: list[str | None] = ["the ghost", "the prank", None, None]


def test_faults_of_a_list_are_reported_film_by_film(predictor: Predictor) -> None:
    sound, half, nothing, broken = predictor.predict(plot=TEXTS, poster=BROKEN, errors="report")
    alone = predictor.predict("the ghost", poster=POSTERS[0]), predictor.predict("the prank")
    for one, other in zip((sound, half), alone, strict=True):
        assert (one.genres, one.modalities) == (other.genres, other.modalities)
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)
    assert sound.error is None
    assert half.error is not None
    assert half.error.endswith("; the plot alone was used")
    assert nothing == Prediction.unreadable(NEITHER)
    assert broken.error is not None
    assert broken.error in half.error
    assert (broken.genres, broken.probabilities, broken.modalities) == ([], {}, [])
    assert predictor.predict(plot=None, errors="report") == nothing
    with pytest.raises(InputError, match=r"^films\[1\]: .*; films\[2\]: .*; films\[3\]: "):
        predictor.predict(plot=TEXTS, poster=BROKEN, errors="raise")


def test_faults_of_a_table_are_empty_rows_and_a_warning(
    predictor: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    table = list(zip(TEXTS, BROKEN, strict=True))
    probs = predictor.predict_proba(table, errors="report")
    assert np.isnan(probs).any(axis=1).tolist() == [False, False, True, True]
    alone = [predictor.predict_proba(films)[0] for films in (table[:1], ["the prank"])]
    np.testing.assert_allclose(probs[:2], alone, atol=1e-6)
    chosen = predictor.predict(table, errors="report")
    assert chosen[2:].sum() == 0
    np.testing.assert_array_equal(chosen[:1], predictor.predict(table[:1]))
    first, second = (record.getMessage() for record in caplog.records)
    assert first.startswith("not read in full: films[1]: ")
    assert first.endswith("; a film without anything to read has not-a-number")
    assert f"films[2]: {NEITHER}; films[3]: " in second
    with pytest.raises(InputError, match=r"films\[1\]: "):
        predictor.predict_proba(table)


ODD_ROWS: list[Any] = [5, b"ab", ["a", "b", "c"], [], np.array(5), {"title": "x"}, None, np.nan]


def test_rows_of_another_kind_are_reported_one_by_one(
    predictor: Predictor, caplog: pytest.LogCaptureFixture
) -> None:
    table = ["the ghost", *ODD_ROWS, "the prank"]
    probs = predictor.predict_proba(table, errors="report")
    assert np.isnan(probs).all(axis=1).tolist() == [False, *[True] * len(ODD_ROWS), False]
    expected = predictor.predict_proba(["the ghost", "the prank"])
    np.testing.assert_allclose(probs[[0, -1]], expected, atol=1e-6)
    assert "films[1]: found int; expected a mapping with plot and poster" in caplog.text
    assert predictor.predict(table, errors="report")[1:-1].sum() == 0
    with pytest.raises(InputError, match=r"^films\[1\]: found int; expected a mapping"):
        predictor.predict(table)
    answers = predictor.predict(plot=["the ghost", 5, b"ab", {"a": 1}, None], errors="report")
    assert [answer.error is None for answer in answers] == [True, False, False, False, False]
    assert answers[1].error == (
        "a plot is int; expected a text, a tuple of texts about one film, or a list of the plots "
        "of several films"
    )


def test_wrong_columns_of_a_frame_are_an_error_of_the_table(predictor: Predictor) -> None:
    with pytest.raises(InputError, match=r"^films\[0\]: found text; expected plot, poster or both"):
        predictor.predict(pd.DataFrame({"text": ["the ghost"]}), errors="report")


def test_errors_are_raised_or_reported(predictor: Predictor) -> None:
    with pytest.raises(ConfigError, match=r"unknown errors='reprt'; did you mean .report.\?"):
        predictor.predict(plot=["a"], errors="reprt")  # type: ignore[call-overload]
    with pytest.raises(ConfigError, match="unknown errors='ignore'; known: raise, report"):
        predictor.predict("the ghost", errors="ignore")  # type: ignore[call-overload]


TABLES: dict[str, Any] = {
    "pairs": list(zip(MOVIES.plots, POSTERS, strict=True)),
    "mappings": [
        {"plot": a, "poster": b, "id": 1} for a, b in zip(MOVIES.plots, POSTERS, strict=True)
    ],
    "data frame": pd.DataFrame({"plot": MOVIES.plots, "poster": POSTERS}),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_are_answered_scikit_learns_way(predictor: Predictor, kind: str) -> None:
    probs = predictor.predict_proba(TABLES[kind])
    chosen = predictor.predict(TABLES[kind])
    films = predictor.predict(plot=MOVIES.plots, poster=POSTERS)
    assert probs.shape == chosen.shape == (5, 3)
    assert predictor.classes_.tolist() == list(GENRES)
    for row, film in zip(chosen, films, strict=True):
        assert set(GENRES.decode(row.astype(bool))) == set(film.genres)


def test_it_is_the_last_step_of_a_pipeline(predictor: Predictor) -> None:
    def rename(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.rename(columns={"overview": "plot"})

    pipeline = Pipeline([("rename", FunctionTransformer(rename)), ("genres", predictor)])
    frame = pd.DataFrame({"overview": MOVIES.plots})
    expected = predictor.predict_proba(MOVIES.plots)
    np.testing.assert_array_equal(pipeline.predict_proba(frame), expected)
    fitted = pipeline.fit(frame, np.zeros((5, 3)))
    np.testing.assert_array_equal(fitted.predict(frame), POINT.decide(expected).astype(int))
    assert fitted.classes_.tolist() == list(GENRES)
    assert is_classifier(predictor)
    assert clone(predictor) is predictor


def test_shares_add_up_to_one() -> None:
    plot, poster = Modality.PLOT, Modality.POSTER
    explanation = Explanation({"Drama": {plot: 3.0, poster: -1.0}, "War": {plot: 0.0, poster: 4.0}})
    assert explanation.share("Drama") == {plot: 0.75, poster: 0.25}
    assert explanation.share() == {plot: 0.375, poster: 0.625}
    assert Explanation({"Drama": {plot: 0.0}}).share() == {plot: 0.0}
    assert explanation.to_json_dict() == {
        "modality_share": {"plot": 0.375, "poster": 0.625},
        "modality_effects": {
            "Drama": {"plot": 3.0, "poster": -1.0},
            "War": {"plot": 0.0, "poster": 4.0},
        },
        "modality_attention": None,
    }


def test_without_an_operating_point_half_is_the_threshold(
    tmp_path: Path, bert_folder: Path
) -> None:
    path = save_tiny(tmp_path, tiny_checkpoint("cnn", bert_folder), point=None)
    prediction = moviegenre.load(path).predict(poster=POSTERS[0])
    assert set(prediction.thresholds.values()) == {0.5}


def test_a_checkpoint_is_computed_on_the_gpu(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    devices: list[str] = []

    def to(network: nn.Module, *places: Any, **kinds: Any) -> nn.Module:
        devices.extend(place.type for place in places if isinstance(place, torch.device))
        return network

    monkeypatch.setattr(nn.Module, "to", to)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    moviegenre.load(folder)
    assert devices[-1:] == ["cuda"]


def test_a_frozen_encoder_runs_live(tmp_path: Path, bert_folder: Path) -> None:
    frozen = tiny_checkpoint("bert", bert_folder, plot_encoder={"frozen": True})
    thawed = tiny_checkpoint("bert", bert_folder)
    probs = [
        moviegenre.load(save_tiny(tmp_path / name, model)).predict_proba(MOVIES.plots)
        for name, model in (("frozen", frozen), ("thawed", thawed))
    ]
    np.testing.assert_array_equal(probs[0], probs[1])


def test_backends_say_what_they_lack(folder: Path, tmp_path: Path, bert_folder: Path) -> None:
    with pytest.raises(ConfigError, match=r'unknown backend \'onx\'; did you mean "onnx"\?'):
        moviegenre.load(folder, backend="onx")  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match=r"has no onnx file; make one with: moviegenre exp"):
        moviegenre.load(folder, backend="onnx")
    write_exported(tmp_path, tiny_checkpoint("cnn", bert_folder), {})
    with pytest.raises(CheckpointError, match=r"no model.int8.onnx, .* only model.safetensors"):
        moviegenre.load(tmp_path, backend="int8")
    assert moviegenre.load(tmp_path).backend.name == "torch"
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(CheckpointError, match=r"model.onnx cannot be read: "):
        moviegenre.load(tmp_path)


def test_huggingfaces_name_does_the_same(tmp_path: Path, bert_folder: Path) -> None:
    write_exported(tmp_path, tiny_checkpoint("cnn", bert_folder), {})
    assert moviegenre.from_pretrained(tmp_path).classes_.tolist() == list(GENRES)


@pytest.mark.parametrize("model", [5, b"model", ["model"]])
def test_a_model_that_is_no_path_is_one_line(model: Any) -> None:
    with pytest.raises(ConfigError, match=r"^the model is \w+; expected a path or a name on"):
        moviegenre.load(model)
