"""The whole path in one call, on a few synthetic movies: done once, not done again."""

import json
from pathlib import Path

import pytest
import yaml

from moviegenre.core.errors import ConfigError, DataError
from moviegenre.evaluation import report as reports
from moviegenre.experiment.reproduce import reproduce
from moviegenre.experiment.runs import read_run
from tests.tiny_suite import BASELINE, MODELS, weights_written, write_suite


@pytest.fixture
def config(tmp_path: Path, bert_folder: Path) -> Path:
    """Return a suite of tiny models."""
    return write_suite(tmp_path, bert_folder)


@pytest.mark.slow
def test_everything_is_done_once(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison, page = reproduce(config, progress=False)
    assert {result.name for result in comparison.ranking} == {BASELINE, *MODELS}
    assert page == tmp_path / "results" / "results.html"
    assert "These are not results" in page.read_text("utf-8")
    report = json.loads((tmp_path / "results" / "results.json").read_text("utf-8"))
    assert report["data"]["synthetic"] is True
    assert set(report["models"]) == {BASELINE, *MODELS}
    for name in MODELS:
        section = yaml.safe_load((tmp_path / "results" / "configs" / f"{name}.yaml").read_text())
        assert section["training"]["max_epochs"] == 1
        assert list(section["models"]) == [name]
        metrics = report["models"][name]["metrics"]
        assert 0 <= metrics["f1_macro"] <= 1
    fusion = read_run(tmp_path / "checkpoints" / "late_fusion")
    assert fusion is not None
    assert list(fusion["initialised_from"]) == ["bert"], "fusions start from what was trained"

    monkeypatch.setattr(reports, "PLOTS", ())  # the first report has them
    first = weights_written(tmp_path / "checkpoints")
    fitted = (tmp_path / "checkpoints" / BASELINE / "best.pth").stat().st_mtime_ns
    reproduce(config, progress=False)
    assert weights_written(tmp_path / "checkpoints") == first, "what is done is not done again"

    with pytest.raises(ConfigError, match=r"trained differently \(setting training\.batch_size\)"):
        reproduce(config, ["training.batch_size=16"], progress=False)
    assert weights_written(tmp_path / "checkpoints") == first, "nothing is lost unasked"

    with pytest.raises(DataError, match=r"holds synthetic movies, but prepare\.source is 'mmimdb'"):
        reproduce(config, ["prepare.source=mmimdb"], progress=False)

    reproduce(config, ["training.batch_size=16"], restart=True, progress=False)
    again = weights_written(tmp_path / "checkpoints")
    assert all(again[name] > first[name] for name in MODELS)
    unchanged = (tmp_path / "checkpoints" / BASELINE / "best.pth").stat().st_mtime_ns
    assert unchanged == fitted, "training settings have no effect on what is fitted"


def test_a_file_without_models_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("data: {plot: first}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="names no model; expected a models section"):
        reproduce(path, progress=False)
