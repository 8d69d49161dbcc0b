"""Reading ablations: what a variant replaces, and every fault at once before anything runs."""

from pathlib import Path

import pytest

from moviegenre.core.errors import ConfigError
from moviegenre.experiment.config import Suite
from moviegenre.experiment.reproduce import reproduce
from moviegenre.studies.ablations.settings import Ablation, load_ablations, slug

FILE = """
data: {plot: first, max_tokens: 64}
training: {max_epochs: 4}
models:
  tfidf:
  cnn: {loss: {name: weighted_bce, max_weight: 3}, dropout: 0.4}
ablations:
"""
LOSSES = """
  - base: cnn
    factor: the loss
    variants:
      bce: {loss: {name: bce}}
      7: {loss.max_weight: 7, training.max_epochs: 2}
"""


def read(folder: Path, ablations: str, overrides: tuple[str, ...] = ()) -> list[Ablation]:
    return read_suite(folder, FILE + ablations, overrides)[1]


def read_suite(
    folder: Path, text: str, overrides: tuple[str, ...] = ()
) -> tuple[Suite, list[Ablation]]:
    path = folder / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return load_ablations(path, overrides)


def fault(folder: Path, ablations: str) -> str:
    with pytest.raises(ConfigError) as raised:
        read(folder, ablations)
    return str(raised.value)


def test_a_variant_replaces_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    suite, (ablation,) = read_suite(tmp_path, FILE + LOSSES)
    base = suite.experiments["cnn"].to_dict()
    bce, seven = ablation.variants
    assert (ablation.base, ablation.factor, bce.name, seven.name) == ("cnn", "the loss", "bce", "7")
    assert (bce.folder, seven.folder) == ("the-loss-bce", "the-loss-7")
    assert bce.experiment.to_dict() == {**base, "loss": {"name": "bce"}}
    assert seven.experiment.to_dict()["loss"] == {"name": "weighted_bce", "max_weight": 7.0}
    assert seven.experiment.training.max_epochs == 2
    assert bce.before == {"loss": {"name": "weighted_bce", "max_weight": 3.0}}
    assert seven.before == {"loss.max_weight": 3.0, "training.max_epochs": 4}


def test_plots_and_posters_are_factors_here(tmp_path: Path) -> None:
    plot, size = read(
        tmp_path,
        "  - {base: tfidf, factor: plot, variants: {joined: {data.plot: joined}}}\n"
        "  - {base: cnn, factor: size, variants: {small: {data.image_size: [64, 48]}}}\n",
    )
    assert plot.variants[0].experiment.data.plot == "joined"
    assert size.variants[0].experiment.data.image_size == (64, 48)
    assert size.variants[0].before == {"data.image_size": [224, 160]}


def test_what_is_set_on_the_command_line_holds_below_the_variants(tmp_path: Path) -> None:
    (ablation,) = read(tmp_path, LOSSES, ("training.max_epochs=9", "training.seed=3"))
    assert [v.experiment.training.max_epochs for v in ablation.variants] == [9, 2]
    assert {v.experiment.training.seed for v in ablation.variants} == {3}


def test_names_become_folders() -> None:
    assert slug("Modality dropout") == "modality-dropout"
    assert slug("../0.5 / x") == "0.5-x", "no folder leads out"


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    message = fault(
        tmp_path,
        "  - {base: cn, factor: f, variants: {a: {dropout: 0.1}}}\n"
        "  - {base: cnn, factor: g, variants: {a: {dropuot: 0.1}, same: {dropout: 0.4}}}\n"
        "  - {base: cnn, factor: h, variants: {a: {data.plot: joined}}}\n"
        "  - {base: tfidf, factor: i, variants: {a: {training.max_epochs: 1}}}\n",
    )
    assert "ablation f: unknown base 'cn'; did you mean \"cnn\"?" in message
    assert "unknown setting 'dropuot'" in message
    assert "variant same: it changes no setting that affects cnn" in message
    assert "ablation h of cnn, variant a: it changes no setting" in message, (
        "a poster model reads none"
    )
    assert "training settings have no effect on tfidf" in message
    assert "\n" not in message


def test_faults_of_models_and_variants_are_told_together(tmp_path: Path) -> None:
    wrong = (FILE + LOSSES).replace("dropout: 0.4", "dropout: 4")
    with pytest.raises(ConfigError) as raised:
        read_suite(tmp_path, wrong.replace("loss.max_weight: 7", "loss.max_weight: 0"))
    message = str(raised.value)
    assert "model cnn" in message
    assert "'dropout'" in message
    assert "variant 7" in message
    assert "'loss.max_weight'" in message
    assert "variant bce" not in message, "what it inherits stands in the message once"


@pytest.mark.parametrize(
    ("variants", "expected"),
    [
        ("{a: {training.seed: 1}}", "a variant cannot replace 'training.seed'; leave it out"),
        ("{a: {data.dir: x}}", "a variant cannot replace 'data.dir'; leave it out"),
        ("{a: {data: {plot: first}}}", "cannot replace 'data'; name one of its settings"),
        ("{a: {dropout.x: 1}}", "'dropout.x' goes below a setting that has none"),
        ("{a: {dropout: 0.1}, b: {dropout: 0.10}}", "variant b: it is the same as a"),
        ("{a b: {dropout: 0.1}, a-b: {dropout: 0.2}}", "its folder would be that of a b of f"),
        ("{'!': {dropout: 0.1}}", "use letters or digits"),
        ("{off: {dropout: 0.1}}", "YAML reads a variant's name as False; put it in quotes"),
        ("{}", "ablations.0.variants"),
        ("{a: 3}", "ablations.0.variants.a"),
    ],
)
def test_a_fault_says_what_to_do(tmp_path: Path, variants: str, expected: str) -> None:
    assert expected in fault(tmp_path, f"  - {{base: cnn, factor: f, variants: {variants}}}\n")


def test_a_factor_is_told_once_and_some_are_expected(tmp_path: Path) -> None:
    one = "  - {{base: cnn, factor: f, variants: {{{name}: {{dropout: {value}}}}}}}\n"
    twice = one.format(name="a", value=0.1) + one.format(name="b", value=0.2)
    assert "cnn has the factor 'f' twice; put its variants together" in fault(tmp_path, twice)
    with pytest.raises(ConfigError, match="has no ablations; expected a section of them"):
        read_suite(tmp_path, FILE.replace("ablations:", ""))


def test_reproduce_sends_on_to_ablate(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(FILE + LOSSES, encoding="utf-8")
    with pytest.raises(ConfigError, match="has ablations; run it with: moviegenre ablate --config"):
        reproduce(path, progress=False)
