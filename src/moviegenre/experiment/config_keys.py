"""The sections and keys of config files: their faults, and where misplaced keys belong."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from moviegenre.core.config import Config
from moviegenre.core.errors import ConfigError, did_you_mean, shortened
from moviegenre.core.faults import first_faults, found_text
from moviegenre.models.registry import MODELS

_FILE_KEYS = ("extends", "models", "only", "paths")  # read before the settings are parsed


def model_sections(path: Path, values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the settings of each model in a file.

    Raises:
        ConfigError: A model is unknown, or a section holds something else.
    """
    sections = values.get("models") or {}
    if not isinstance(sections, dict):
        raise ConfigError(
            f"{path}: models holds {found_text(sections)}; expected models with their settings, as "
            "in models: {bert: {dropout: 0.1}}"
        )
    unknown = [name for name in sections if name not in MODELS]
    if unknown:
        unknown_names = "; ".join(
            f"unknown model {n!r}, {did_you_mean(str(n), MODELS)}" for n in unknown
        )
        raise ConfigError(f"{path}: {unknown_names}")
    return {
        name: dict(settings_of(section, f"{path}: models.{name}"))
        for name, section in sections.items()
    }


def settings_of(content: object, what: str) -> Mapping[str, Any]:
    """Return the settings of a section; empty if the section is empty."""
    if content is None:
        return {}
    if not isinstance(content, Mapping):
        raise ConfigError(
            f"{what} holds {found_text(content)}; expected settings, as in {{name: value}}"
        )
    return content


def section_of(override: str) -> str:
    """Return the first part of an override's name.

    Example:
        >>> section_of("training.seed=1")
        'training'
    """
    return override.partition("=")[0].partition(".")[0].strip()


def distinct_faults(
    path: Path, shared_faults: Sequence[str], model_faults: Mapping[str, str]
) -> list[str]:
    """Return the faults of models that are not faults of the shared settings, each once.

    Args:
        path: The file.
        shared_faults: The faults outside the models.
        model_faults: A fault by the name of its model.
    """
    shared = [fault.replace("'data.", "'").replace("'training.", "'") for fault in shared_faults]
    shared += shared_faults
    models: dict[str, list[str]] = {}
    for name, fault in model_faults.items():
        text = fault.removeprefix(f"{path}, model {name}")
        message = text.removeprefix(", data: ").removeprefix(", training: ")
        if not any(known.endswith(message) for known in shared):
            models.setdefault(text, []).append(name)
    return [
        text
        if text == model_faults[names[0]]
        else f"{path}, model{'s' if len(names) > 1 else ''} {', '.join(names)}{text}"
        for text, names in models.items()
    ]


def unknown_keys(
    keys: Iterable[object], settings: Iterable[str], sections: Mapping[str, type[Config]]
) -> list[str]:
    """Return a fault for each unknown key at the top of a config file.

    Args:
        keys: The keys of the file.
        settings: The known settings at the top.
        sections: Those of them that are groups of settings.
    """
    known = {*settings, *_FILE_KEYS}
    unknown = [str(key) for key in keys if key not in known]
    return first_faults(
        unknown,
        lambda key: f"unknown setting {shortened(key)!r}; {_place(key, known, sections)}",
    )


def _place(key: str, known: Iterable[str], sections: Mapping[str, type[Config]]) -> str:
    """Return where a key belongs, or the known keys."""
    section = _section_of(key, sections)
    if section and section != "model":
        return f"it belongs in {section}, as in {section}: {{{key}: ...}}"
    if key in MODELS:
        return f"it belongs in models, as in models: {{{key}: {{...}}}}"
    if section or key in ("loss", "model"):
        model = next((n for n in MODELS if key in MODELS[n].model_fields), "bert")
        example = {"loss": "loss: {name: focal}", "model": "dropout: 0.1"}.get(key, f"{key}: ...")
        what = "write its settings" if key == "model" else "it belongs"
        return f"{what} in the section of a model, as in models: {{{model}: {{{example}}}}}"
    return did_you_mean(key, known)


def unknown_overrides(
    overrides: Sequence[str], known: Iterable[str], sections: Mapping[str, type[Config]]
) -> list[str]:
    """Return a fault for each override of an unknown setting.

    Args:
        overrides: ``a.b=c`` settings.
        known: The known first parts of names.
        sections: Those of them that are groups of settings.
    """
    faults = []
    for override in overrides:
        name, separator, _ = override.partition("=")
        first, _, rest = name.strip().partition(".")
        if not (separator and first) or first in known:  # without these, it is refused elsewhere
            continue
        section = _section_of(first, sections)
        advice = did_you_mean(first, set(known))
        if section:
            advice = f'did you mean "{section}.{first}"?'
        elif first == "models" or first in MODELS:
            setting = rest.rpartition(".")[2] or "NAME"
            advice = f'for a setting of the model, write "model.{setting}"'
        faults.append(f"override {shortened(override)!r}: unknown setting {first!r}; {advice}")
    return faults


def _section_of(key: str, sections: Mapping[str, type[Config]]) -> str | None:
    """Return the section that has a setting of this name; ``model`` if a model has it."""
    for name, section in sections.items():
        if key in section.model_fields:
            return name
    return "model" if any(key in config.model_fields for config in MODELS.values()) else None
