"""Read the ``ablations`` of a config file: models with one changed factor each.

    ablations:
      - base: early_fusion
        factor: loss
        variants:
          bce: {loss: {name: bce}}
          heavier: {loss.max_weight: 10}

A variant names settings of the base's own section; each takes the place of what is there. Unlike
that section it may change any setting of ``data`` but the folder, since the plot rule and the size
of posters are factors here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from moviegenre.core.config import Config
from moviegenre.core.errors import ConfigError, did_you_mean
from moviegenre.experiment.config import (
    ExperimentConfig,
    Suite,
    load_suite,
    read_section,
    resolve_variant,
)
from moviegenre.experiment.config_file import find_config
from moviegenre.experiment.runs import differing_settings

BASE_FOLDER = "base"


class AblationSection(Config):
    """One factor of a file's ``ablations``, which ``moviegenre ablate`` runs.

    Attributes:
        base: The model that is changed, one of the file's.
        factor: The name of the factor, also the title of its table.
        variants: By name, settings of the model's section that replace those of the base.
    """

    base: str
    factor: str = Field(min_length=1)
    variants: dict[str, dict[str, Any]] = Field(min_length=1)

    @field_validator("variants", mode="before")
    @classmethod
    def _name_numbers(cls, variants: object) -> object:
        """Accept ``64:`` as a name, but not ``off:`` and ``no:``, which YAML reads as booleans."""
        if not isinstance(variants, Mapping):
            return variants
        wrong = [key for key in variants if isinstance(key, bool) or key is None]
        if wrong:
            raise ValueError(f"YAML reads a variant's name as {wrong[0]}; put it in quotes")
        return {str(name): settings for name, settings in variants.items()}


class _File(Config):
    ablations: tuple[AblationSection, ...] = ()


@dataclass(frozen=True)
class Variant:
    """A base with one change.

    Attributes:
        name: Its name in tables.
        folder: The folder of its checkpoints, relative to the file's ``checkpoints``.
        changes: The changed settings, by dotted name.
        before: The base's values of these settings.
        experiment: All its resolved settings.
    """

    name: str
    folder: str
    changes: Mapping[str, Any]
    before: Mapping[str, Any]
    experiment: ExperimentConfig


@dataclass(frozen=True)
class Ablation:
    """One factor of one base.

    Attributes:
        base: The model.
        factor: The name of the factor.
        variants: The variants of the base.
    """

    base: str
    factor: str
    variants: tuple[Variant, ...]


def load_ablations(path: Path, overrides: Sequence[str] = ()) -> tuple[Suite, list[Ablation]]:
    """Read a config file, its models and their ablations.

    Args:
        path: The YAML file.
        overrides: ``a.b=c`` settings of every base; they do not override changes of variants.

    Returns:
        The file's models, which are the bases and their initial models, and the factors.

    Raises:
        ConfigError: A setting is wrong; the message lists all faults of bases and variants.
    """
    path = find_config(path)
    try:
        suite = load_suite(path, overrides)
    except ConfigError as error:
        reported = [str(error), *_faults_of_variants(path, overrides, str(error))]
        raise ConfigError("; ".join(reported)) from None
    sections = _File.parse({"ablations": suite.ablations}, str(path)).ablations
    if not sections:
        raise ConfigError(
            f"{path} has no ablations; expected a section of them, as in "
            "configs/studies/ablations.yaml"
        )
    ablations: list[Ablation] = []
    faults: list[str] = []
    owners: dict[tuple[str, str], str] = {}
    for section in sections:
        if section.base not in suite.experiments:
            faults.append(_unknown_base(path, section, suite.experiments))
            continue
        if any(
            (earlier.base, earlier.factor) == (section.base, section.factor)
            for earlier in ablations
        ):
            faults.append(
                f"{path}: {section.base} has the factor {section.factor!r} twice; put its variants "
                "together"
            )
        variants: list[Variant] = []
        for name in section.variants:
            where = _where(path, section, name)
            try:
                variant = _variant(suite, section, name, where, overrides)
                _require_distinct(variant, variants, where)
                variants.append(variant)
            except ConfigError as error:
                faults.append(str(error))
                continue
            key = (variant.folder, section.base)
            if key in owners:
                faults.append(f"{where}: its folder would be that of {owners[key]}; rename one")
            owners.setdefault(key, f"{name} of {section.factor}")
        ablations.append(Ablation(section.base, section.factor, tuple(variants)))
    if faults:
        raise ConfigError("; ".join(faults))
    return suite, ablations


def _where(path: Path, section: AblationSection, name: str) -> str:
    return f"{path}, ablation {section.factor} of {section.base}, variant {name}"


def _unknown_base(path: Path, section: AblationSection, bases: Iterable[str]) -> str:
    suggestion = did_you_mean(section.base, bases)
    return f"{path}, ablation {section.factor}: unknown base {section.base!r}; {suggestion}"


def _faults_of_variants(path: Path, overrides: Sequence[str], reported: str) -> list[str]:
    """Return further faults of a file with faulty models, without those already reported."""
    try:
        content, models = read_section(path, "ablations")
        sections = _File.parse({"ablations": content or ()}, str(path)).ablations
    except ConfigError:
        return []  # reported with the faults of the models
    faults = []
    for section in sections:
        if section.base not in models:
            faults.append(_unknown_base(path, section, models))
            continue
        for name, changes in section.variants.items():
            where = _where(path, section, name)
            try:
                resolve_variant(path, section.base, where, changes, overrides)
            except ConfigError as error:
                if str(error).replace(where, f"{path}, model {section.base}") not in reported:
                    faults.append(str(error))
    return faults


def slug(text: str) -> str:
    """Return a name for a folder.

    Example:
        >>> slug("Modality dropout"), slug("0.5"), slug("EfficientNet-B4 (frozen)")
        ('modality-dropout', '0.5', 'efficientnet-b4-frozen')
    """
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")


def _variant(
    suite: Suite, section: AblationSection, name: str, where: str, overrides: Sequence[str]
) -> Variant:
    """Return a variant of a factor."""
    base, changes = suite.experiments[section.base], section.variants[name]
    if not slug(name) or not slug(section.factor):
        raise ConfigError(f"{where}: its folder would have no name; use letters or digits")
    experiment = resolve_variant(suite.path, section.base, where, changes, overrides)
    if not _differs(experiment, base):
        raise ConfigError(
            f"{where}: it changes no setting that affects {section.base}; change it, or leave it "
            "out: the base has its own row"
        )
    return Variant(
        name=name,
        folder=f"{slug(section.factor)}-{slug(name)}",
        changes=changes,
        before={key: _setting(base, key) for key in changes},
        experiment=experiment,
    )


def _require_distinct(variant: Variant, earlier: Sequence[Variant], where: str) -> None:
    """Raise a ConfigError if an earlier variant has the same settings."""
    for other in earlier:
        if not _differs(variant.experiment, other.experiment):
            raise ConfigError(f"{where}: it is the same as {other.name}; leave one of them out")


def _differs(experiment: ExperimentConfig, reference: ExperimentConfig) -> bool:
    """Return whether any effective setting differs."""
    run = {"model": reference.model_name, "settings": reference.to_dict()}
    return bool(differing_settings(run, experiment.to_dict()))


def _setting(experiment: ExperimentConfig, key: str) -> Any:  # noqa: ANN401 - any setting
    """Return a resolved setting by its dotted name in the model's section."""
    sections: Any = experiment.to_dict()
    parts = key.split(".")
    value = sections if parts[0] in ("data", "training", "loss") else sections["model"]
    for part in parts:
        value = value.get(part) if isinstance(value, dict) else None
    return value
