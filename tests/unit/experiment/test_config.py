"""One file describes the data, the training and every model."""

from pathlib import Path

import pytest

from moviegenre.core.errors import ConfigError
from moviegenre.experiment.config import ExperimentConfig, load_experiment, load_suite
from moviegenre.losses import AsymmetricConfig, FocalConfig, WeightedBCEConfig
from moviegenre.models.bert import BertConfig
from moviegenre.models.lstm import LSTMConfig
from moviegenre.models.registry import MODELS
from moviegenre.models.tfidf import TfidfConfig

TEXT = """
data: {dir: movies, plot: first}
training: {max_epochs: 5, seed: 3}
models:
  bert:
    loss: {name: asymmetric, clip: 0.1}
    training: {encoder_lr: 5.0e-5}
    data: {max_tokens: 64}
    plot_encoder: {name: minilm}
  lstm:
"""
KNOWN_MODELS = (
    "attention_fusion, bert, cnn, early_fusion, late_fusion, lstm, prior, resnet, tfidf, wide_deep"
)
KNOWN_SHARED = (
    "ablations, checkpoints, data, extends, models, only, paths, prepare, results, training"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(TEXT)
    return tmp_path / "config.yaml"


def write(tmp_path: Path, text: str) -> Path:
    (tmp_path / "config.yaml").write_text(text)
    return tmp_path / "config.yaml"


def fault_in(tmp_path: Path, text: str, model: str = "bert", *overrides: str) -> str:
    """Return the message that a file of settings is answered with, without the file's name."""
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load_experiment(path, model, overrides)
    return str(error.value).replace(str(path), "FILE")


def test_a_models_own_settings_lie_over_the_shared_ones(path: Path) -> None:
    bert = load_experiment(path, "bert")
    assert (bert.model_name, bert.data.dir, bert.data.plot) == ("bert", Path("movies"), "first")
    assert (bert.training.max_epochs, bert.training.seed) == (5, 3)
    assert (bert.training.encoder_lr, bert.data.max_tokens) == (5e-5, 64)
    assert bert.loss == AsymmetricConfig(clip=0.1)
    assert isinstance(bert.model, BertConfig)
    assert bert.model.plot_encoder.name == "minilm"


def test_a_model_without_settings_has_its_defaults(path: Path) -> None:
    lstm = load_experiment(path, "lstm")
    assert lstm.model == LSTMConfig()
    assert lstm.loss == FocalConfig()
    assert lstm.training.encoder_lr == 1e-4
    assert lstm.data.max_tokens == 256


@pytest.mark.parametrize("name", MODELS)
def test_without_a_file_every_model_has_its_defaults(name: str) -> None:
    experiment = load_experiment(None, name)
    assert experiment.model == MODELS[name]()
    assert experiment.loss.name == MODELS[name].default_loss


def test_a_model_the_file_does_not_name_can_be_trained(path: Path) -> None:
    assert load_experiment(path, "cnn").training.max_epochs == 5


def test_overrides_come_last(path: Path) -> None:
    overrides = [
        "training.encoder_lr=1e-3",
        "data.plot=joined",
        "loss.clip=0.2",
        "model.dropout=0.4",
        "model.plot_encoder.frozen=true",
    ]
    bert = load_experiment(path, "bert", overrides)
    assert (bert.training.encoder_lr, bert.data.plot) == (1e-3, "joined")
    assert bert.loss == AsymmetricConfig(clip=0.2)
    assert isinstance(bert.model, BertConfig)
    assert bert.model.dropout == 0.4
    assert bert.model.plot_encoder.frozen
    assert bert.model.plot_encoder.name == "minilm"


def test_resolved_settings_are_plain_and_resolve_to_themselves(path: Path) -> None:
    experiment = load_experiment(path, "bert")
    plain = experiment.to_dict()
    assert plain["data"]["dir"] == "movies"
    again = ExperimentConfig(
        model_name="bert",
        data=type(experiment.data).parse(plain["data"], "data"),
        training=type(experiment.training).parse(plain["training"], "training"),
        loss=AsymmetricConfig.parse(plain["loss"], "loss"),
        model=BertConfig.parse(plain["model"], "model"),
    )
    assert again == experiment


def test_faults_of_all_sections_are_told_at_once(tmp_path: Path) -> None:
    text = """
data: {plot: frist}
training: {sed: 1, batch_size: 0}
models: {bert: {dropot: 0.5, loss: {name: focl}}}
results: out
chekpoints: here
"""
    message = fault_in(tmp_path, text)
    assert message == (
        "FILE: unknown setting 'chekpoints'; "
        f'did you mean "checkpoints"? (known: {KNOWN_SHARED}); '
        "FILE, model bert, data: setting 'plot' is 'frist'; "
        'did you mean "first"? (known: each, first, joined, longest, random, sentence); '
        "FILE, model bert, training: setting 'batch_size': "
        "expected at least 1 (found 0); unknown setting 'sed'; "
        'did you mean "seed"? (known: batch_size, devices, encoder_lr, gradient_clip, head_lr, '
        "intervals_per_epoch, max_epochs, modality_loss_weight, num_nodes, patience, precision, "
        "seed, teacher, teacher_weight, warmup_share, weight_decay); "
        "FILE, model bert: setting 'loss.name' is 'focl'; "
        'did you mean "focal"? (known: asymmetric, bce, focal, weighted_bce); '
        "FILE, model bert, model: unknown setting 'dropot'; "
        'did you mean "dropout"? (known: dropout, hidden_dim, init_from, plot_encoder)'
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "trainning: {seed: 1}",
            "FILE: unknown setting 'trainning'; "
            f'did you mean "training"? (known: {KNOWN_SHARED})',
        ),
        (
            "models: {brt: {}}",
            f"FILE: unknown model 'brt', did you mean \"bert\"? (known: {KNOWN_MODELS})",
        ),
        (
            "models: [bert]",
            "FILE: models holds a list; expected models with their settings, as in "
            "models: {bert: {dropout: 0.1}}",
        ),
        ("models: {bert: 3}", "FILE: models.bert holds 3; expected settings, as in {name: value}"),
        ("training: 3", "FILE: training holds 3; expected settings, as in {name: value}"),
        (
            "models: {bert: {training: [1]}}",
            "FILE, model bert, training holds a list; expected settings, as in {name: value}",
        ),
        (
            "models: {bert: {model: {dropout: 0.5}}}",
            "FILE, model bert, model: unknown setting 'model'; "
            "known: dropout, hidden_dim, init_from, plot_encoder",
        ),
        (
            "models: {bert: {loss: {name: focal, gama: 1}}}",
            "FILE, model bert: unknown setting 'loss.gama'; "
            'did you mean "gamma"? (known: alpha, gamma, name)',
        ),
        (
            "models: {bert: {loss: {gamma: 1}}}",
            "FILE, model bert: setting 'loss.name' is missing",
        ),
        (
            "models: {bert: {plot_encoder: {frozen: true, frozen_layers: 2}}}",
            "FILE, model bert, model: setting 'plot_encoder': "
            "frozen_layers has no effect on an encoder that is frozen as a whole",
        ),
        (
            "models: {bert: {data: {plot: first, max_tokens: 64, dir: there}}}",
            "FILE, model bert, data: a model's own section may set max_tokens, extra, "
            "extra_min_genres, extra_limit, forms, other_plots (found 'plot', "
            "'dir'); set it for all models, so that they are compared on the same data",
        ),
        (
            "{data: {plot: joined}, models: {bert: {data: {other_plots: 1}}}}",
            "FILE, model bert, data: other_plots has no effect with data.plot=joined, "
            "which reads all plots",
        ),
        (
            "data: {image_size: [224, 0]}",
            "FILE, model bert, data: setting 'image_size.1': expected at least 32 (found 0)",
        ),
    ],
)
def test_a_faulty_file_is_answered_with_what_was_meant(
    tmp_path: Path, text: str, fault: str
) -> None:
    assert fault_in(tmp_path, text) == fault


@pytest.mark.parametrize(
    ("model", "override", "fault"),
    [
        (
            "bert",
            "modle.dropout=0.3",
            "override 'modle.dropout=0.3': unknown setting 'modle'; "
            'did you mean "model"? (known: data, loss, model, training)',
        ),
        (
            "resnet",
            "model.poster_encoder.augment=true",
            "FILE, model resnet, model: setting 'poster_encoder': "
            "augment has no effect on a frozen encoder, whose outputs are cached",
        ),
        (
            "resnet",
            "model.poster_encoder.grid=[0, 1]",
            "FILE, model resnet, model: setting 'poster_encoder.grid.0': "
            "expected more than 0 (found 0)",
        ),
        (
            "attention_fusion",
            "model.num_heads=3",
            "FILE, model attention_fusion, model: dim 256 is not a multiple of num_heads 3",
        ),
    ],
)
def test_a_faulty_override_is_answered_with_what_was_meant(
    tmp_path: Path, model: str, override: str, fault: str
) -> None:
    text = "models: {resnet: {poster_encoder: {frozen: true}}}"
    assert fault_in(tmp_path, text, model, override) == fault


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        (
            "loss: {name: focal}",
            "it belongs in the section of a model, as in models: {bert: {loss: {name: focal}}}",
        ),
        (
            "model: {dropout: 0.5}",
            "write its settings in the section of a model, as in models: {bert: {dropout: 0.1}}",
        ),
        ("bert: {dropout: 0.5}", "it belongs in models, as in models: {bert: {...}}"),
        ("max_epochs: 3", "it belongs in training, as in training: {max_epochs: ...}"),
        ("max_tokens: 3", "it belongs in data, as in data: {max_tokens: ...}"),
        (
            "max_words: 3",
            "it belongs in the section of a model, as in models: {lstm: {max_words: ...}}",
        ),
        ("extend: a.yaml", f'did you mean "extends"? (known: {KNOWN_SHARED})'),
        ("1: 2", f"known: {KNOWN_SHARED}"),
    ],
)
def test_an_unknown_key_at_the_top_is_refused_with_its_place(
    tmp_path: Path, key: str, advice: str
) -> None:
    expected = f"FILE: unknown setting {key.partition(':')[0]!r}; {advice}"
    text = f"{key}\nmodels: {{bert: {{}}}}\n"
    assert fault_in(tmp_path, text) == expected
    with pytest.raises(ConfigError) as error:
        load_suite(write(tmp_path, text))
    assert str(error.value).endswith(expected.removeprefix("FILE"))


@pytest.mark.parametrize(
    ("override", "advice"),
    [
        ("max_epochs=3", 'did you mean "training.max_epochs"?'),
        ("hidden_dim=3", 'did you mean "model.hidden_dim"?'),
        ("models.bert.dropout=0.5", 'for a setting of the model, write "model.dropout"'),
        ("bert.dropout=0.5", 'for a setting of the model, write "model.dropout"'),
        ("checkpoints=x", "known: data, loss, model, training"),
    ],
)
def test_an_override_of_an_unknown_setting_is_answered_with_the_right_name(
    tmp_path: Path, override: str, advice: str
) -> None:
    first = override.partition("=")[0].partition(".")[0]
    expected = f"override {override!r}: unknown setting {first!r}; {advice}"
    assert fault_in(tmp_path, "models: {bert: {}}", "bert", override) == expected


def test_an_empty_section_has_the_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, "data:\ntraining:\nprepare:\nmodels: {bert: }\n")
    assert load_experiment(path, "bert") == load_experiment(None, "bert")
    assert load_suite(path).experiments["bert"] == load_experiment(None, "bert")


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        (
            "training.max_epochs=x",
            "FILE: setting 'training.max_epochs': expected a whole number (found 'x')",
        ),
        ("data=3", "FILE: setting 'data': expected a mapping of names to values (found 3)"),
        (
            "loss=focal",
            "FILE, models cnn, bert: setting 'loss': expected a mapping of names to values "
            "(found 'focal')",
        ),
        ("data.=3", "override 'data.=3': expected a.b=value, as in training.seed=1"),
    ],
)
def test_a_fault_of_all_models_is_told_once(tmp_path: Path, override: str, fault: str) -> None:
    path = write(tmp_path, "models: {tfidf: {}, cnn: {}, bert: {}}\n")
    with pytest.raises(ConfigError) as error:
        load_suite(path, [override])
    assert str(error.value).replace(str(path), "FILE") == fault


@pytest.mark.parametrize(
    ("section", "titled"),
    [
        ("loss: {name: focal}", "loss"),
        ("training: {max_epochs: 2}", "training"),
        ("training: {max_epochs: 2}, loss: {name: focal}", "loss and training"),
    ],
)
def test_a_fitted_model_takes_no_loss_and_no_training_settings(
    tmp_path: Path, section: str, titled: str
) -> None:
    message = fault_in(tmp_path, f"models: {{tfidf: {{{section}}}}}", "tfidf")
    assert message == (
        f"FILE, model tfidf: {titled} settings have no effect on tfidf, which is fitted in one go; "
        "leave them out"
    )


@pytest.mark.parametrize("override", ["loss.name=focal", "training.max_epochs=2"])
def test_a_fitted_model_takes_no_such_override_either(tmp_path: Path, override: str) -> None:
    section = override.partition(".")[0]
    assert fault_in(tmp_path, "models: {tfidf: {}}", "tfidf", override) == (
        f"the overrides: {section} settings have no effect on tfidf, which is fitted in one go; "
        "leave them out"
    )


def test_shared_training_settings_do_not_reach_a_fitted_model(tmp_path: Path) -> None:
    text = "training: {max_epochs: 5}\nmodels: {tfidf: {data: {max_tokens: 4096}}, bert: {}}\n"
    overrides = ["training.seed=7", "loss.max_weight=3"]
    suite = load_suite(write(tmp_path, text), overrides)
    assert list(suite.experiments) == ["tfidf", "bert"]
    tfidf, bert = suite.experiments.values()
    assert (tfidf.data.max_tokens, bert.data.max_tokens) == (4096, 256)
    assert set(tfidf.to_dict()) == {"data", "model"}
    assert set(tfidf.to_file_dict()) == {"data", "models"}
    assert tfidf.to_file_dict()["models"] == {"tfidf": TfidfConfig().model_dump(mode="json")}
    assert bert.to_dict()["training"]["seed"] == 7
    assert bert.to_dict()["loss"]["max_weight"] == 3


def test_a_misspelt_model_is_answered_before_anything_is_read() -> None:
    with pytest.raises(ConfigError) as error:
        load_experiment(Path("nowhere.yaml"), "lstn")
    assert str(error.value) == (
        f"unknown model 'lstn'; did you mean \"lstm\"? (known: {KNOWN_MODELS})"
    )


def test_a_suite_has_its_models_in_the_order_of_training(tmp_path: Path) -> None:
    path = write(
        tmp_path, "models: {late_fusion: {}, bert: {}, cnn: {}}\nprepare: {source: a.tar}\n"
    )
    suite = load_suite(path, ["training.seed=7", "model.dropout=0.4", "prepare.seed=2"])
    assert list(suite.experiments) == ["cnn", "bert", "late_fusion"]
    assert {e.training.seed for e in suite.experiments.values()} == {7}
    assert {e.model.model_dump()["dropout"] for e in suite.experiments.values()} == {0.4}
    assert (suite.prepare.source, suite.prepare.seed) == ("a.tar", 2)
    assert suite.experiments["cnn"].loss == WeightedBCEConfig()
    assert suite.results == Path("results")


def test_a_suite_tells_the_faults_of_all_models(tmp_path: Path) -> None:
    path = write(tmp_path, "reslts: x\nmodels: {cnn: {chanels: [8]}, bert: {dropout: 2}}\n")
    with pytest.raises(ConfigError) as error:
        load_suite(path)
    assert str(error.value).replace(str(path), "FILE") == (
        f"FILE: unknown setting 'reslts'; did you mean \"results\"? (known: {KNOWN_SHARED}); "
        "FILE, model cnn, model: unknown setting 'chanels'; "
        'did you mean "channels"? (known: augment, channels, downscale, dropout); '
        "FILE, model bert, model: setting 'dropout': expected less than 1 (found 2)"
    )
