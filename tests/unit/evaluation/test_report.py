"""What the report says, and that it stands on its own."""

import json
import re
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moviegenre.apps.console import print_comparison
from moviegenre.core.errors import MissingExtraError
from moviegenre.evaluation.compare import Comparison, compare
from moviegenre.evaluation.documents import SYNTHETIC_BANNER
from moviegenre.evaluation.findings import findings
from moviegenre.evaluation.plots import PLOTS
from moviegenre.evaluation.report import write_report
from tests.unit.evaluation.fake_runs import KINDS, make_labels, make_predictions, make_run

FACTS: dict[str, Any] = {
    "num_movies": 17524,
    "genres": {"Drama": {"train": 7000, "test": 900}},
    "synthetic": False,
    "command": "moviegenre reproduce --config config.yaml",
}
PLOT_NAMES = ("ranking", "genre_f1", "precision_recall", "training", "cooccurrence")


class Page(HTMLParser):
    """What a page refers to, and whether its tags close."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "img", "source", "link"):
            self.open.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href", "srcset")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare([make_run(name) for name in KINDS], "test")


@pytest.fixture(scope="module")
def report(comparison: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "results"
    written = write_report(comparison, FACTS, out)
    names = ["RESULTS.md", "results.json", "results.html", *(f"{n}.png" for n in PLOT_NAMES)]
    assert [path.name for path in written] == names
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    return out


def test_markdown_has_the_reference_s_parts(report: Path, comparison: Comparison) -> None:
    text = (report / "RESULTS.md").read_text()
    headings = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert headings == [
        "Ranking",
        "Fusion advantage",
        "Modality contribution",
        "Transfer learning",
        "Fusion strategies",
        "Against a bag of words",
        "F1 by genre",
        "Plots",
        "Reproduce it",
        "Data",
        "Notes",
    ]
    for finding in findings(comparison):
        for sentence in finding.sentences:
            assert sentence in text
    for result in comparison.ranking:
        assert f"| {result.run.title} | {result.kind} | {100 * result.score:.2f} |" in text
        assert f"moviegenre train {result.name} --config configs/{result.name}.yaml" in text
    assert "```\nmoviegenre reproduce --config config.yaml\n```" in text
    assert "| movies | 17,524 |" in text
    assert "| Drama | 7,000 | 900 |" in text
    assert "- Every genre's scores are defined in this split; none is left out." in text
    assert "- Baselines (TF-IDF text, label prior) are ranked with the models." in text
    assert "not results" not in text
    for name in PLOT_NAMES:
        assert f"({name}.png)" in text


def test_json_has_the_contract_s_keys(report: Path, comparison: Comparison) -> None:
    content = json.loads((report / "results.json").read_text())
    assert content["data"] == FACTS
    assert content["ranking"] == [result.name for result in comparison.ranking]
    assert set(content["models"]) == set(KINDS)
    bert = content["models"]["bert"]
    assert {
        "f1_macro",
        "f1_micro",
        "f1_samples",
        "roc_auc",
        "mean_average_precision",
        "subset_accuracy",
        "hamming_loss",
    } <= set(bert["metrics"])
    low, high = bert["interval"]["f1_macro"]
    assert low < bert["metrics"]["f1_macro"] < high
    assert bert["train_seconds"] == 90.0
    assert bert["settings"] == {"training": {"seed": 0}}
    assert bert["modalities"] == ["plot"]
    assert bert["per_genre"]["Drama"]["support"] > 0
    assert content["comparisons"]["fusion_advantage"]["computed"] is True
    assert content["bootstrap"] == {"num_resamples": 1000, "seed": 0}


def test_the_page_needs_nothing_else(report: Path, comparison: Comparison) -> None:
    text = (report / "results.html").read_text()
    page = Page()
    page.feed(text)
    assert page.open == []
    assert page.addresses
    assert all(a.startswith(("data:image/png;base64,", "#")) for a in page.addresses)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "http" not in text
    assert page.tags.count("img") == len(PLOT_NAMES)
    assert "prefers-color-scheme: dark" in text
    assert 'name="viewport"' in text
    assert 'class="banner"' not in text
    for result in comparison.ranking:
        assert f"<td>{result.run.title}</td>" in text


def test_genres_of_few_movies_are_named(report: Path, comparison: Comparison) -> None:
    support = comparison.ranking[0].evaluation.per_genre
    few = [genre for genre in comparison.genres_by_support if support[genre].support < 20]
    assert few == ["Musical"]
    text = (report / "RESULTS.md").read_text()
    assert "- Genres with fewer than 20 movies in this split: Musical. One movie more" in text


def test_the_plots_are_pictures(report: Path) -> None:
    for name in PLOT_NAMES:
        with Image.open(report / f"{name}.png") as picture:
            assert picture.width > 500
            assert picture.height > 300
            colours = picture.convert("RGB").getcolors(1 << 24)
        assert colours is not None
        assert len(colours) > 10


@pytest.fixture
def one_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the ranking only, where the plots are not what is tested."""
    monkeypatch.setattr("moviegenre.evaluation.report.PLOTS", PLOTS[:1])


@pytest.mark.usefixtures("one_plot")
def test_synthetic_movies_are_no_results(tmp_path: Path) -> None:
    comparison = compare([make_run("bert")], "test")
    write_report(comparison, {"synthetic": True}, tmp_path)
    assert f"> **{SYNTHETIC_BANNER}**" in (tmp_path / "RESULTS.md").read_text()
    page = (tmp_path / "results.html").read_text()
    assert '<p class="banner" role="alert">These are not results. The movies were made up' in page
    assert json.loads((tmp_path / "results.json").read_text())["data"]["synthetic"] is True


def test_undefined_genres_and_missing_facts_are_told(tmp_path: Path) -> None:
    labels = make_labels()
    labels[:, 3] = 0
    run = replace(
        make_run("bert", make_predictions(1.0, labels)),
        history=(),
        setup_seconds=None,
        train_seconds=None,
        command="",
    )
    written = write_report(compare([run], "test"), {}, tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    assert (
        "Left out of the averages where their scores are undefined: Musical (no movie of the split "
        "has it)." in text
    )
    assert "| Musical | 0 | undefined |" in text
    assert "| BERT text | unknown | unknown | unknown | 22,000,000 | 4,000 |" in text
    assert "training.png" not in {path.name for path in written}
    content = json.loads((tmp_path / "results.json").read_text())
    assert content["models"]["bert"]["per_genre"]["Musical"]["f1"] is None
    assert content["undefined"] == {"Musical": "no movie of the split has it"}


def test_tuned_scores_stand_beside_those_at_one_half(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moviegenre.evaluation.report.PLOTS", PLOTS[-2:])
    runs = [
        replace(make_run(name), validation=make_predictions(0.8, seed=4))
        for name in ("bert", "lstm")
    ]
    comparison = compare(runs, "test")
    written = write_report(comparison, {}, tmp_path)
    assert {"reliability.png", "reliability_by_genre.png"} <= {path.name for path in written}
    text = (tmp_path / "RESULTS.md").read_text()
    assert "## Tuned thresholds and calibration" in text
    best = comparison.ranking[0].tuned
    assert best is not None
    gain = best.for_macro.gain("f1_macro")
    row = f"| {comparison.ranking[0].run.title} | {100 * best.before.f1_macro:.2f} |"
    assert f"{row} {100 * best.macro.f1_macro:.2f} | {100 * gain:+.2f} |" in text
    assert "| genre | movies | threshold |" in text
    assert "- Tuned scores have a threshold for each genre" in text
    assert 'id="tuned"' in (tmp_path / "results.html").read_text()
    models = json.loads((tmp_path / "results.json").read_text())["models"]
    assert models["bert"]["tuned"]["thresholds"] == "per-genre"
    assert 0 < models["bert"]["tuned"]["ece"]["after"] < 1
    monkeypatch.setenv("COLUMNS", "80")
    print_comparison(comparison, Path("results.html"))
    shown = capsys.readouterr().out
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert f"{100 * gain:+.2f}" in shown


def test_a_split_without_any_genre_still_gives_a_report(tmp_path: Path) -> None:
    labels = np.zeros_like(make_labels())
    comparison = compare([make_run("bert", make_predictions(1.0, labels))], "test")
    written = write_report(comparison, {}, tmp_path)
    assert "ranking.png" not in {path.name for path in written}
    assert "| 1 | BERT text | plot | undefined | undefined |" in written[0].read_text()


@pytest.mark.usefixtures("one_plot")
def test_text_from_outside_is_escaped(tmp_path: Path) -> None:
    run = replace(make_run("bert"), title="<b>BERT</b>", history=())
    comparison = compare([run], "test")
    write_report(comparison, {"source": "<script>alert(1)</script>"}, tmp_path)
    page = (tmp_path / "results.html").read_text()
    assert "<script>" not in page
    assert "&lt;b&gt;BERT&lt;/b&gt;" in page


@pytest.mark.usefixtures("one_plot")
@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            "matplotlib.backends.backend_agg",
            "the report's plots needs the package 'matplotlib', which is not installed; "
            "install it with: pip install '.[report]' in a clone of moviegenre",
        ),
        (
            "jinja2",
            "the HTML report needs the package 'jinja2', which is not installed; "
            "install it with: pip install '.[report]' in a clone of moviegenre",
        ),
    ],
)
def test_a_missing_extra_is_named_and_nothing_written(
    module: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    comparison = compare([make_run("bert")], "test")
    with pytest.raises(MissingExtraError) as caught:
        write_report(comparison, {}, tmp_path / "results")
    assert str(caught.value) == message
    assert not (tmp_path / "results").exists()


def test_the_console_fits_eighty_columns(
    comparison: Comparison, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_comparison(comparison, Path("results.html"))
    shown = capsys.readouterr().out
    assert max(len(line) for line in shown.splitlines()) <= 80
    for result in comparison.ranking:
        line = next(li for li in shown.splitlines() if li.startswith(result.run.title + " "))
        assert f"{100 * result.score:.2f}" in line
        assert f"{result.evaluation.metrics['hamming_loss']:.4f}" in line
    assert "Fusion advantage" in shown
