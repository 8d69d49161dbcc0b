"""``moviegenre reproduce --seeds`` on a few synthetic movies."""

import json
from pathlib import Path

import pytest
import yaml

from moviegenre.apps.cli import main
from moviegenre.core.errors import ConfigError
from moviegenre.evaluation import report
from moviegenre.experiment.runs import read_run
from moviegenre.studies.seeds.computation import reproduce_seeds
from tests.tiny_suite import BASELINE, weights_written, write_suite


@pytest.fixture
def config(tmp_path: Path, bert_folder: Path) -> Path:
    """Return a suite of a plot model, a fusion that starts from it, and a baseline."""
    path = write_suite(tmp_path, bert_folder)
    values = yaml.safe_load(path.read_text("utf-8"))
    del values["models"]["cnn"]
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


@pytest.mark.slow
def test_several_seeds_are_trained_once_and_compared(
    config: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(report, "PLOTS", ())  # tests/unit/evaluation has them
    values = yaml.safe_load(config.read_text("utf-8"))
    values["models"]["late_fusion"]["init_from"] = values["checkpoints"]  # the suite's own
    config.write_text(yaml.safe_dump(values), encoding="utf-8")
    command = ["reproduce", "--config", str(config), "--seeds", "2", "--quiet"]
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 0
    assert "2 seeds, mean ± deviation" in capsys.readouterr().out
    checkpoints, results = tmp_path / "checkpoints", tmp_path / "results"
    seeds = {folder: read_run(folder / "bert") for folder in (checkpoints, checkpoints / "seed-1")}
    assert [run["settings"]["training"]["seed"] for run in seeds.values() if run] == [0, 1]
    fusion = read_run(checkpoints / "seed-1" / "late_fusion")
    own = read_run(checkpoints / "late_fusion")
    assert fusion
    assert own
    assert fusion["initialised_from"] != own["initialised_from"], "from its own seed's bert"

    content = json.loads((results / "seeds.json").read_text("utf-8"))
    assert content["seeds"] == [0, 1]
    reports = [results / "results.json", results / "seed-1" / "results.json"]
    for name in (BASELINE, "bert", "late_fusion"):
        expected = [
            json.loads(path.read_text("utf-8"))["models"][name]["metrics"]["f1_macro"]
            for path in reports
        ]
        assert content["models"][name]["f1_macro"]["values"] == pytest.approx(expected)
    assert content["models"][BASELINE]["f1_macro"]["deviation"] == 0
    text = (results / "SEEDS.md").read_text("utf-8")
    assert "These are not results" in text
    assert f"moviegenre reproduce --config {config} --seeds 2" in text

    times = [weights_written(folder) for folder in seeds]
    reproduce_seeds(config, num_seeds=2, progress=False)
    assert [weights_written(folder) for folder in seeds] == times, "what is done is not done again"


def test_seeds_that_give_no_deviation_are_refused(config: Path) -> None:
    with pytest.raises(ConfigError, match="1 seed gives no deviation; expected at least 2"):
        reproduce_seeds(config, num_seeds=1, progress=False)
    values = yaml.safe_load(config.read_text("utf-8"))
    values["models"]["bert"]["training"] = {"seed": 5}
    config.write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"have the seeds 0, 5; expected one training.seed"):
        reproduce_seeds(config, num_seeds=2, progress=False)
