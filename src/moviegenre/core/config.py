"""The base of every config: frozen, strict about names, and answering with all faults at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from moviegenre.core.errors import ConfigError, did_you_mean, missing_path_message


class Config(BaseModel):
    """A group of settings. Unknown keys and wrong types are refused; nothing can be reassigned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str) -> Self:
        """Validate plain values.

        Args:
            values: What was read, as nested mappings.
            where: Where it came from, for the message.

        Raises:
            ConfigError: Anything is wrong; the message lists every fault.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            faults = [_fault(cls, values, dict(item)) for item in error.errors()]
            raise ConfigError(f"{where}: " + "; ".join(faults)) from None


def _fault(model: type[BaseModel], values: Mapping[str, Any], item: dict[str, Any]) -> str:
    location = [str(part) for part in item["loc"]]
    dotted = ".".join(location)
    if item["type"] == "extra_forbidden":
        known = _known_keys(model, location[:-1], values)
        return f"unknown setting {dotted!r}; {did_you_mean(location[-1], known)}"
    if item["type"] == "missing":
        return f"setting {dotted!r} is missing"
    found = f" (found {item['input']!r})" if not isinstance(item["input"], Mapping) else ""
    return f"setting {dotted!r}: {item['msg']}{found}" if dotted else item["msg"]


def _known_keys(
    model: type[BaseModel], location: Sequence[str], values: Mapping[str, Any]
) -> list[str]:
    """Follow a path of field names down nested models and list the fields at its end."""
    current: type[BaseModel] = model
    for part in location:
        annotation = current.model_fields[part].annotation if part in current.model_fields else None
        nested = _models_in(annotation)
        if not nested:
            continue  # the tag of a union, which pydantic puts into the location
        current = next((m for m in nested if m.__name__ == part), nested[0])
    return list(current.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - a type expression
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found: list[type[BaseModel]] = []
    for argument in getattr(annotation, "__args__", ()):
        found += _models_in(argument)
    return found


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of settings.

    Raises:
        ConfigError: There is no such file, or it is not YAML with a mapping at its top.
    """
    if not path.is_file():
        raise ConfigError(missing_path_message(path, "a YAML config", "see configs/ for examples"))
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds {type(values).__name__}; expected a mapping of settings")
    return values


def apply_overrides(values: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return the settings with ``a.b=c`` overrides merged in; values are read as YAML.

    Raises:
        ConfigError: An override has no ``=``, or goes below something that is not a mapping.

    Example:
        >>> apply_overrides({"training": {"seed": 0}}, ["training.seed=7", "data.plot=first"])
        {'training': {'seed': 7}, 'data': {'plot': 'first'}}
    """
    merged = merge(values, {})
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator or not key.strip():
            raise ConfigError(f"--set {override!r}: expected a.b=value, as in training.seed=1")
        try:
            value: Any = yaml.safe_load(text)
        except yaml.YAMLError:
            raise ConfigError(f"--set {override!r}: the value is not valid YAML") from None
        parts = key.strip().split(".")
        nested: Any = value
        for part in reversed(parts):
            nested = {part: nested}
        merged = merge(merged, nested)
    return merged


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``over`` laid on top, mappings merged key by key."""
    result = {k: merge(v, {}) if isinstance(v, Mapping) else v for k, v in base.items()}
    for key, value in over.items():
        below = result.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            result[key] = merge(below, value)
        else:
            result[key] = merge(value, {}) if isinstance(value, Mapping) else value
    return result
