"""The base of every config: frozen, strict about names, and one error that lists all faults."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from moviegenre.core.errors import ConfigError, did_you_mean, missing_path_message, shortened
from moviegenre.core.faults import (
    LENGTH_FAULTS,
    expected_value,
    fault_message,
    first_faults,
    found_text,
    quoted,
)
from moviegenre.core.reading import UnreadableFileError, read_bounded
from moviegenre.core.types import MAX_SEED
from moviegenre.core.yaml_text import MAX_YAML_CHARS, parse_yaml

Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]

_SETTINGS = "settings with names, as in training: {max_epochs: 3}"


class Config(BaseModel):
    """A group of settings. Unknown keys, wrong types and NaN are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_booleans(cls, values: Any) -> Any:  # noqa: ANN401 - not yet checked
        """Make true and false texts where a number is expected; pydantic would read 1 and 0."""
        if not isinstance(values, Mapping):
            return values
        fields = {name: _types_in(field.annotation) for name, field in cls.model_fields.items()}
        numbers = {
            name for name, types in fields.items() if types & {int, float} and bool not in types
        }
        return {
            name: _without_booleans(value) if name in numbers else value
            for name, value in values.items()
        }

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str) -> Self:
        """Validate plain values.

        Args:
            values: Nested mappings.
            where: Their source, for the message.

        Raises:
            ConfigError: Anything is wrong; the message lists every fault.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            items = error.errors(include_url=False)
            faults = first_faults(items, lambda item: _fault(cls, dict(item)))
            raise ConfigError(f"{where}: " + "; ".join(faults)) from None


def _fault(model: type[BaseModel], item: dict[str, Any]) -> str:
    location = [shortened(str(part)) for part in item["loc"]]
    names, models = _follow(model, location[:-1])
    dotted = ".".join([*names, *location[-1:]])
    if item["type"] == "extra_forbidden":
        known_names = {name for nested in models for name in nested.model_fields}
        return f"unknown setting {dotted!r}; {did_you_mean(location[-1], known_names)}"
    if item["type"] == "missing":
        return f"setting {dotted!r} is missing"
    if item["type"] == "literal_error":
        suggestion = did_you_mean(str(item["input"]), _quoted(item["ctx"]["expected"]))
        return f"setting {dotted!r} is {quoted(item['input'])}; {suggestion}"
    if item["type"] == "union_tag_invalid":
        dotted = f"{dotted}.{_quoted(item['ctx']['discriminator'])[0]}"
        suggestion = did_you_mean(item["ctx"]["tag"], _quoted(item["ctx"]["expected_tags"]))
        return f"setting {dotted!r} is {quoted(item['ctx']['tag'])}; {suggestion}"
    if item["type"] == "union_tag_not_found":
        return f"setting '{dotted}.{_quoted(item['ctx']['discriminator'])[0]}' is missing"
    message, value = fault_message(item), item["input"]
    value_text = f" (found {quoted(value)})"
    if isinstance(value, Mapping):  # a check of several settings names them
        value_text = f" (found {found_text(value)})" if expected_value(item) else ""
    if item["type"] in LENGTH_FAULTS:
        value_text = ""
    return f"setting {dotted!r}: {message}{value_text}" if dotted else f"{message}{value_text}"


def _quoted(text: str) -> list[str]:
    """Return the words in single quotes of a pydantic message."""
    return re.findall(r"'([^']*)'", text)


def _follow(
    model: type[BaseModel], location: Sequence[str]
) -> tuple[list[str], list[type[BaseModel]]]:
    """Follow a fault's location through nested models.

    Returns:
        The location as the user writes it, without pydantic's tags for the members of unions, and
        the models at its end.
    """
    models, names = [model], []
    for part in location:
        tagged = [choice for choice in models if len(models) > 1 and _has_tag(choice, part)]
        if tagged:
            models = tagged
            continue
        names.append(part)
        fields = [choice.model_fields[part] for choice in models if part in choice.model_fields]
        models = [nested for field in fields for nested in _models_in(field.annotation)] or models
    return names, models


def _has_tag(model: type[BaseModel], tag: str) -> bool:
    return any(field.default == tag for field in model.model_fields.values())


def _types_in(annotation: Any) -> set[Any]:  # noqa: ANN401 - a type expression
    """Return the types in a type expression, such as int and NoneType in ``int | None``."""
    arguments = get_args(annotation)
    return set().union(*map(_types_in, arguments)) if arguments else {annotation}


class _Boolean(str):
    """True or false as a text that is no number, written as in YAML."""

    __slots__ = ()
    __repr__ = str.__str__


def _without_booleans(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_without_booleans(item) for item in value]
    return _Boolean(str(value).lower()) if isinstance(value, bool) else value


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401 - a type expression
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    models: list[type[BaseModel]] = []
    for argument in getattr(annotation, "__args__", ()):
        models += _models_in(argument)
    return models


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of settings.

    Raises:
        ConfigError: There is no such file, or it is not YAML with a mapping at its top.
    """
    if not os.path.isfile(path):
        raise ConfigError(missing_path_message(path, "a YAML config", "see configs/ for examples"))
    try:
        values = parse_yaml(read_bounded(path, 4 * MAX_YAML_CHARS).decode("utf-8"))
    except UnreadableFileError as error:
        raise ConfigError(str(error)) from None
    except UnicodeDecodeError:
        raise ConfigError(
            f"{path} is no text in UTF-8; expected a YAML config; save it as UTF-8, or name another"
        ) from None
    except ValueError as error:
        raise ConfigError(f"{path} is not valid YAML: {error}") from None
    if values is None:
        raise ConfigError(f"{path} is empty; expected {_SETTINGS}; see configs/ for examples")
    if not isinstance(values, dict):
        raise ConfigError(f"{path} holds {found_text(values)}; expected {_SETTINGS}")
    return values


def apply_overrides(values: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Return the settings with ``a.b=c`` overrides merged in; values are parsed as YAML.

    Raises:
        ConfigError: An override has no ``=``, or goes below something that is not a mapping.

    Example:
        >>> apply_overrides({"training": {"seed": 0}}, ["training.seed=7", "data.plot=first"])
        {'training': {'seed': 7}, 'data': {'plot': 'first'}}
    """
    merged = merge(values, {})
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator or not all(part.strip() for part in key.split(".")):
            raise ConfigError(f"override {override!r}: expected a.b=value, as in training.seed=1")
        try:
            value: Any = parse_yaml(text)
        except ValueError as error:
            name = shortened(override)
            raise ConfigError(f"override {name!r}: the value is not valid YAML: {error}") from None
        parts = key.strip().split(".")
        nested: Any = value
        for part in reversed(parts):
            nested = {part: nested}
        merged = merge(merged, nested)
    return merged


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` updated with ``over``; mappings are merged key by key."""
    result = {
        key: merge(value, {}) if isinstance(value, Mapping) else value
        for key, value in base.items()
    }
    for key, value in over.items():
        old_value = result.get(key)
        if isinstance(value, Mapping) and isinstance(old_value, Mapping):
            result[key] = merge(old_value, value)
        else:
            result[key] = merge(value, {}) if isinstance(value, Mapping) else value
    return result
