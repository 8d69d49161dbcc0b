"""The composed config: one file describes the data, the training and every model.

The ``training`` section of a file is for all models. The section of a model has its loss and its
settings, and may override ``training``. It may override only ``max_tokens``, ``extra``,
``extra_min_genres``, ``extra_limit``, ``forms`` and ``other_plots`` of ``data``, so that all models
are scored on the same movies and read the same plots. A fitted model (``tfidf``) has neither loss
nor training settings:

    data: {dir: data/prepared, plot: longest}
    training: {max_epochs: 3}
    models:
      bert:
        loss: {name: weighted_bce}
        training: {encoder_lr: 1.0e-4}
        data: {max_tokens: 512}
        plot_encoder: {name: bert-base-uncased}
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from moviegenre.core.config import Config, Seed, apply_overrides, merge
from moviegenre.core.errors import ConfigError
from moviegenre.data.config import DataConfig
from moviegenre.experiment.config_file import find_config, read_config
from moviegenre.experiment.config_keys import (
    distinct_faults,
    model_sections,
    section_of,
    settings_of,
    unknown_keys,
    unknown_overrides,
)
from moviegenre.losses import LossConfig, WeightedBCEConfig
from moviegenre.models.base import ModelConfig
from moviegenre.models.registry import MODELS, model_config_class
from moviegenre.training.config import TrainingConfig

_SECTIONS = ("data", "training", "loss", "model")
_DATA_KEYS = (
    "max_tokens",
    "extra",
    "extra_min_genres",
    "extra_limit",
    "forms",
    "other_plots",
)


class PrepareConfig(Config):
    """The source of the movies for ``reproduce``.

    Attributes:
        source: A source of ``moviegenre data prepare``; ``synthetic`` generates movies.
        split: ``official`` or ``stratified``; None takes the split of the source, if it has one.
        seed: The seed of a stratified split and of synthetic movies.
        min_movies: The minimum number of movies of a genre in the vocabulary.
        synthetic_movies: The number of synthetic movies.
    """

    source: str = "mmimdb"
    split: Literal["official", "stratified"] | None = None
    seed: Seed = 0
    min_movies: int = Field(default=50, ge=1, le=100_000_000)
    synthetic_movies: int = Field(default=1000, ge=1, le=1_000_000)


class _Shared(Config):
    """The settings of a file outside its models."""

    prepare: PrepareConfig = PrepareConfig()
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()
    checkpoints: Path = Path("checkpoints")
    results: Path = Path("results")
    ablations: tuple[dict[str, Any], ...] = ()  # settings of the study ablations


_GROUPS: dict[str, type[Config]] = {
    "training": TrainingConfig,
    "data": DataConfig,
    "prepare": PrepareConfig,
}


class _LossSection(Config):
    loss: LossConfig = WeightedBCEConfig()


@dataclass(frozen=True)
class ExperimentConfig:
    """All resolved settings of one training.

    Attributes:
        model_name: The name of the model.
        data: The settings of the movies and their form.
        training: The settings of the training; no effect on a fitted model.
        loss: The settings of the loss; no effect on a fitted model.
        model: The settings of the model.
    """

    model_name: str
    data: DataConfig
    training: TrainingConfig
    loss: LossConfig
    model: ModelConfig

    def to_file_dict(self) -> dict[str, Any]:
        """Return the resolved settings as the content of a config file."""
        sections = self.to_dict()
        model_section = sections.pop("model")
        if "loss" in sections:
            model_section = {"loss": sections.pop("loss"), **model_section}
        return {**sections, "models": {self.model_name: model_section}}

    def to_dict(self) -> dict[str, Any]:
        """Return the resolved settings that have an effect, as plain values for a checkpoint."""
        sections: dict[str, Config] = {"data": self.data}
        if not self.model.fitted:
            sections |= {"training": self.training, "loss": self.loss}
        sections["model"] = self.model
        return {name: section.model_dump(mode="json") for name, section in sections.items()}


@dataclass(frozen=True)
class Suite:
    """One config file: shared settings and a resolved experiment for each of its models.

    Attributes:
        path: The file.
        prepare: The source of the movies.
        data: The settings of the movies and their form.
        checkpoints: The folder of trained models.
        results: The folder of the comparison.
        experiments: The experiments by model name, in the order of training.
        ablations: The settings of the study ablations, as in the file.
    """

    path: Path
    prepare: PrepareConfig
    data: DataConfig
    checkpoints: Path
    results: Path
    experiments: dict[str, ExperimentConfig]
    ablations: tuple[dict[str, Any], ...] = ()


def load_suite(path: Path, overrides: Sequence[str] = ()) -> Suite:
    """Read a config file and resolve every model in it.

    Args:
        path: The YAML file.
        overrides: ``a.b=c`` settings. ``model.`` ones are for every model, ``loss.`` and
            ``training.`` ones for every model that is not fitted; ``paths.`` ones replace paths.

    Raises:
        ConfigError: A setting is wrong; the message lists all faults of all models.
    """
    path = find_config(path)
    values, overrides = read_config(path, overrides)
    sections = model_sections(path, values)
    shared_values, faults = _shared_values(path, values)
    known = (*_SECTIONS, *_Shared.model_fields)
    if unknown := unknown_overrides(overrides, known, _GROUPS):
        raise ConfigError("; ".join([*faults, *unknown]))
    shared_overrides = [o for o in overrides if section_of(o) not in ("model", "loss")]
    experiments: dict[str, ExperimentConfig] = {}
    model_faults: dict[str, str] = {}
    shared = _Shared()
    try:
        shared = _Shared.parse(apply_overrides(shared_values, shared_overrides), str(path))
    except ConfigError as error:
        faults.append(str(error))
    for name in MODELS:
        if name not in sections:
            continue
        model_overrides = _model_overrides(name, overrides)
        try:
            experiments[name] = _resolve(name, path, shared_values, sections[name], model_overrides)
        except ConfigError as error:
            model_faults[name] = str(error)
    faults += distinct_faults(path, faults, model_faults)
    if faults:
        raise ConfigError("; ".join(faults))
    return Suite(
        path=path,
        prepare=shared.prepare,
        data=shared.data,
        checkpoints=shared.checkpoints,
        results=shared.results,
        experiments=experiments,
        ablations=shared.ablations,
    )


def load_experiment(
    path: Path | None, model_name: str, overrides: Sequence[str] = ()
) -> ExperimentConfig:
    """Resolve one model's settings from a config file; other settings have their defaults.

    Args:
        path: The YAML file; None takes every default.
        model_name: The name of the model.
        overrides: ``a.b=c`` settings, applied last: ``data.``, ``training.``, ``loss.`` and
            ``model.`` ones, and ``paths.`` ones if there is a file.

    Raises:
        ConfigError: The model is unknown or a setting is wrong.
    """
    if model_config_class(model_name).fitted:
        _refuse_training(model_name, "the overrides", map(section_of, overrides))
    path = find_config(path) if path else None
    values, overrides = read_config(path, overrides) if path else ({}, overrides)
    where = path or Path("the default settings")
    section = model_sections(where, values).get(model_name, {})
    shared, faults = _shared_values(where, values)
    if unknown := unknown_overrides(overrides, _SECTIONS, _GROUPS):
        raise ConfigError("; ".join([*faults, *unknown]))
    try:  # data and training are parsed below, merged with the model's
        _Shared.parse({k: v for k, v in shared.items() if k not in _SECTIONS}, str(where))
    except ConfigError as error:
        faults.append(str(error))
    try:
        experiment = _resolve(model_name, where, shared, section, overrides)
    except ConfigError as error:
        raise ConfigError("; ".join([*faults, str(error)])) from None
    if faults:
        raise ConfigError("; ".join(faults))
    return experiment


def read_section(path: Path, section: str) -> tuple[Any, list[str]]:
    """Return a section and the model names of a file, even if other parts are wrong.

    Args:
        path: The YAML file.
        section: The name of the section; if the file lacks it, the result is None.

    Raises:
        ConfigError: The file is no YAML, or its models have unknown names.
    """
    values, _ = read_config(path)
    return values.get(section), list(model_sections(path, values))


def resolve_variant(
    path: Path,
    name: str,
    where: str,
    changes: Mapping[str, Any],
    overrides: Sequence[str] = (),
) -> ExperimentConfig:
    """Resolve a model of a config file with some of its settings replaced.

    Args:
        path: The YAML file.
        name: A model of the file.
        where: The name of the variant in messages.
        changes: Settings by their dotted name in the model's section. Each replaces the old value
            as a whole, so that another loss does not inherit the settings of this loss. All
            ``data`` settings except ``dir`` are allowed.
        overrides: ``a.b=c`` settings, applied before the changes.

    Raises:
        ConfigError: A setting is wrong.
    """
    values, overrides = read_config(path, overrides)
    section = model_sections(path, values).get(name, {})
    shared, _ = _shared_values(path, values)
    model_overrides = _model_overrides(name, overrides)
    return _resolve(name, path, shared, section, model_overrides, where=where, changes=changes)


def _shared_values(path: Path, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the settings of a file outside its models, and the faults of its unknown keys.

    An empty section has the defaults.
    """
    shared = {
        key: {} if value is None and key in _GROUPS else value
        for key, value in values.items()
        if key in _Shared.model_fields
    }
    unknown = "; ".join(unknown_keys(values, _Shared.model_fields, _GROUPS))
    return shared, [f"{path}: {unknown}"] if unknown else []


def _model_overrides(name: str, overrides: Sequence[str]) -> list[str]:
    """Return the overrides that apply to a model; a fitted model has no loss."""
    return [o for o in overrides if not (MODELS[name].fitted and section_of(o) == "loss")]


def _with_changes(
    values: Mapping[str, Any], changes: Mapping[str, Any], where: str
) -> dict[str, Any]:
    """Return settings with changes, which are named as in a model's section."""
    result, faults = merge(values, {}), []
    for key, value in changes.items():
        parts = key.split(".")
        if key in ("data", "training", "data.dir", "training.seed"):
            step = "name one of its settings" if key in ("data", "training") else "leave it out"
            faults.append(f"{where}: a variant cannot replace {key!r}; {step}")
            continue
        if parts[0] not in _SECTIONS or parts[0] == "model":
            parts = ["model", *parts]
        section: Any = result
        for part in parts[:-1]:
            section = section.setdefault(part, {}) if isinstance(section, dict) else None
        if isinstance(section, dict):
            section[parts[-1]] = value
        else:
            faults.append(f"{where}: {key!r} goes below a setting that has none; shorten it")
    if faults:
        raise ConfigError("; ".join(faults))
    return result


def _refuse_training(name: str, where: str, sections: Iterable[str]) -> None:
    """Raise an error for training settings of a fitted model."""
    useless = sorted({"training", "loss"} & set(sections))
    if useless:
        raise ConfigError(
            f"{where}: {' and '.join(useless)} settings have no effect on {name}, which is "
            "fitted in one go; leave them out"
        )


def _resolve(
    name: str,
    path: Path,
    shared: Mapping[str, Any],
    section: Mapping[str, Any],
    overrides: Sequence[str],
    *,
    where: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> ExperimentConfig:
    where = where or f"{path}, model {name}"
    if MODELS[name].fitted:
        _refuse_training(name, where, section)
    model_data = settings_of(section.get("data"), f"{where}, data")
    refused = [key for key in model_data if key not in _DATA_KEYS]
    if refused:
        raise ConfigError(
            f"{where}, data: a model's own section may set {', '.join(_DATA_KEYS)} (found "
            f"{', '.join(map(repr, refused))}); set it for all models, so that they are compared "
            "on the same data"
        )
    values: dict[str, Any] = {
        key: merge(
            settings_of(shared.get(key), f"{path}: {key}"),
            settings_of(section.get(key), f"{where}, {key}"),
        )
        for key in ("data", "training")
    }
    values |= {
        "loss": section.get("loss") or {"name": MODELS[name].default_loss},
        "model": {k: v for k, v in section.items() if k not in ("data", "training", "loss")},
    }
    values = _with_changes(apply_overrides(values, overrides), changes or {}, where)
    if MODELS[name].fitted:
        _refuse_training(name, where, [key.partition(".")[0] for key in changes or {}])
    faults: list[str] = []

    def parse(kind: type[Config], key: str, content: Mapping[str, Any]) -> Any:  # noqa: ANN401
        try:
            return kind.parse(content, where if key == "loss" else f"{where}, {key}")
        except ConfigError as error:
            faults.append(str(error))
            return None

    data = parse(DataConfig, "data", values["data"])
    training = parse(TrainingConfig, "training", values["training"])
    loss = parse(_LossSection, "loss", {"loss": values["loss"]})
    model = parse(MODELS[name], "model", values["model"])
    if faults:
        raise ConfigError("; ".join(faults))
    return ExperimentConfig(name, data, training, loss.loss, model)
