"""Training on further plots and from a teacher, and what is remembered of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from moviegenre.artifacts.checkpoint import load_checkpoint
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.experiment.train import train
from tests.tiny_movies import with_plots
from tests.tiny_training import tiny_experiment


def test_further_plots_open_the_track_for_all_that_follows(
    prepared_folder: Path, bert_folder: Path, tmp_path: Path
) -> None:
    extra = tmp_path / "extra.jsonl"
    films = [{"plot": "the ghost one day", "genres": ["Horror"]}] * 20
    extra.write_text("\n".join(map(json.dumps, films)), encoding="utf-8")
    plain = tiny_experiment("bert", prepared_folder, bert_folder, max_epochs=1)
    opened = replace(plain, data=plain.data.model_copy(update={"extra": extra}))
    train(opened, tmp_path / "open", progress=False)
    source = load_checkpoint(tmp_path / "open" / "bert")
    assert source.info.track == "open"
    model = plain.model.model_copy(update={"init_from": tmp_path / "open"})
    run = train(replace(plain, model=model), tmp_path / "next", progress=False).run
    assert run["track"] == "open"
    assert train(plain, tmp_path / "closed", progress=False).run["track"] == "closed"


def test_other_plots_are_learned_from_and_leave_the_track_closed(
    prepared_folder: Path, bert_folder: Path, tmp_path: Path
) -> None:
    plots = PreparedData(prepared_folder).all_plots(Split.TRAIN)
    with_plots(prepared_folder, [[*own, "the ghost one day " * 5] for own in plots])
    plain = tiny_experiment("bert", prepared_folder, bert_folder, max_epochs=1)
    data = plain.data.model_copy(update={"plot": "first"})
    weights = []
    for pieces in (0, 1):
        others = replace(plain, data=data.model_copy(update={"other_plots": pieces}))
        trained = train(others, tmp_path / str(pieces), progress=False)
        assert trained.run["track"] == "closed"
        weights.append(load_checkpoint(trained.checkpoint).network.state_dict())
    assert not weights[0]["plot_head.output.weight"].equal(weights[1]["plot_head.output.weight"])


def test_both_kinds_of_further_plots_are_put_together(
    prepared_folder: Path, bert_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with_plots(prepared_folder, [["A ghost.", "the ghost one day " * 5]] * 3)
    extra = tmp_path / "extra.jsonl"
    extra.write_text(json.dumps({"plot": "the ghost", "genres": ["Horror"]}), encoding="utf-8")
    plain = tiny_experiment("bert", prepared_folder, bert_folder, max_epochs=1)
    update = {"plot": "first", "other_plots": 1, "extra": extra}
    both = replace(plain, data=plain.data.model_copy(update=update))
    with caplog.at_level("INFO"):
        run = train(both, tmp_path / "both", progress=False).run
    assert run["track"] == "open"
    assert "tokenising 4 texts of the train films" in caplog.text


def test_a_teacher_alone_is_learned_from(
    prepared_folder: Path, bert_folder: Path, tmp_path: Path
) -> None:
    train(tiny_experiment("cnn", prepared_folder, bert_folder), tmp_path, progress=False)
    teacher = {"teacher": tmp_path / "cnn", "teacher_weight": 1.0}
    taught = tiny_experiment("bert", prepared_folder, bert_folder, max_epochs=1, **teacher)
    plain = tiny_experiment("bert", prepared_folder, bert_folder, max_epochs=1)
    weights = [
        load_checkpoint(train(e, tmp_path / n, progress=False).checkpoint).network.state_dict()
        for n, e in (("taught", taught), ("plain", plain))
    ]
    assert not weights[0]["plot_head.output.weight"].equal(weights[1]["plot_head.output.weight"])
