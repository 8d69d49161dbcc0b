"""Read a config file and the files it extends as one mapping of settings.

    extends: [closed/first.yaml, mine.yaml]   # paths from this file; later ones win, this file last
    only: [prior, bert]                       # the models that stay; the others are dropped
    paths: {movies: /data/mmimdb.tar.gz}      # named once, used as ${paths.movies}

Mappings merge key by key; other values replace the earlier value. ``${file}`` is the name of the
file that is run, without its ending, so that each experiment has its own folders. The result has
none of these keys and references; it is saved with a run.
"""

import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moviegenre.core.config import apply_overrides, merge, read_yaml
from moviegenre.core.errors import ConfigError, did_you_mean, shortened
from moviegenre.core.faults import found_text, quoted

_MAX_FILES = 64  # extended by one file, directly or not
_REFERENCE = re.compile(r"\$\{([^{}]*)\}")

logger = logging.getLogger(__name__)


def read_config(path: Path, overrides: Sequence[str] = ()) -> tuple[dict[str, Any], list[str]]:
    """Read a config file, merge the files it extends, and replace its ``${...}``.

    Args:
        path: The YAML file, see ``find_config``.
        overrides: ``a.b=c`` settings; those of ``paths`` and ``only`` are applied here.

    Returns:
        The settings, and the remaining overrides.

    Raises:
        ConfigError: A file is missing or wrong; the message names the files that led to it.
    """
    values = _read_extended(path, (), [])
    path_overrides = [override for override in overrides if override.startswith("paths.")]
    only_overrides = [override for override in overrides if override.startswith("only=")]
    other_overrides = [
        override for override in overrides if override not in {*path_overrides, *only_overrides}
    ]
    values = _keep_only(apply_overrides(values, only_overrides), {}, (path,))
    paths = _paths(path, values.pop("paths", None), path_overrides)
    return _resolved(values, {"file": path.stem, **paths}, path), other_overrides


def find_config(path: Path) -> Path:
    """Return the path of a config file; old names such as ``configs/first.yaml`` still work."""
    if os.path.isfile(path) or path.parent.name != "configs":
        return path
    matches = sorted(path.parent.glob(f"*/{path.name}")) if _is_plain(path.name) else []
    if len(matches) != 1:
        return path
    logger.warning("%s moved to %s, which is used", path, matches[0])
    return matches[0]


def _is_plain(name: str) -> bool:
    """Return whether a file name has no wildcard characters."""
    return re.fullmatch(r"[\w.-]+", name) is not None


def _read_extended(path: Path, above: tuple[Path, ...], read: list[Path]) -> dict[str, Any]:
    """Return a file's settings merged over those of the files it extends.

    Args:
        path: The file.
        above: The files that extend it, directly or not; the file that is run is first.
        read: All files read so far.
    """
    chain = (*above, path)
    if any(os.path.realpath(path) == os.path.realpath(ancestor) for ancestor in above):
        raise ConfigError(f"{_names(chain)}: a file cannot extend itself; remove one of these")
    read.append(path)
    if len(read) > _MAX_FILES:
        raise ConfigError(f"{_names(chain)}: more than {_MAX_FILES} files are extended; use fewer")
    try:
        file_values = read_yaml(path)
    except ConfigError as error:
        raise ConfigError(f"{_names(chain)}: {error}" if above else str(error)) from None
    values: dict[str, Any] = {}
    for name in _extended_names(file_values, chain):
        base = find_config(Path(os.path.normpath(path.parent / name)))
        values = merge(values, _read_extended(base, chain, read))
    own_models = file_values.get("models")
    values = merge(values, {key: value for key, value in file_values.items() if key != "extends"})
    return _keep_only(values, own_models if isinstance(own_models, Mapping) else {}, chain)


def _names(chain: Sequence[Path]) -> str:
    return " extends ".join(map(str, chain))


def _extended_names(values: Mapping[str, Any], chain: Sequence[Path]) -> list[str]:
    """Return the paths in ``extends``, as written."""
    if "extends" not in values:
        return []
    content = values["extends"]
    names = content if isinstance(content, list) else [content]
    if not names or not all(isinstance(name, str) and _is_path(name) for name in names):
        raise ConfigError(
            f"{_names(chain)}: extends is {quoted(content)}; expected a path or a list of "
            "paths, as in extends: ../base.yaml"
        )
    return names


def _is_path(text: str) -> bool:
    """Return whether a text can be a path."""
    try:
        return bool(text.strip()) and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _keep_only(
    values: dict[str, Any], own_models: Mapping[str, Any], chain: Sequence[Path]
) -> dict[str, Any]:
    """Return the settings without the models that ``only`` does not name."""
    if "only" not in values:
        return values
    only, models = values.pop("only"), values.get("models")
    if not isinstance(only, list) or not only or not all(isinstance(name, str) for name in only):
        raise ConfigError(
            f"{_names(chain)}: only is {quoted(only)}; expected a list of models, as in "
            "only: [prior, bert]"
        )
    available = models if isinstance(models, Mapping) else {}
    faults = [
        f"only names {shortened(name)!r}, which is no model of these files; "
        f"{did_you_mean(name, map(str, available))}"
        for name in only
        if name not in available
    ]
    faults += [
        f"{shortened(str(name))!r} has settings but is not in only; add it there, or remove them"
        for name in own_models
        if name not in only
    ]
    if faults:
        raise ConfigError(f"{_names(chain)}: {'; '.join(faults)}")
    return {**values, "models": {name: available[name] for name in available if name in only}}


def _paths(path: Path, content: object, overrides: Sequence[str]) -> dict[str, str]:
    """Return the ``paths`` of a file, by the names of their references."""
    declared = {} if content is None else content
    if not isinstance(declared, Mapping):
        raise ConfigError(
            f"{path}: paths holds {found_text(declared)}; expected names and paths, as in "
            "paths: {movies: mmimdb.tar.gz}"
        )
    paths = apply_overrides({"paths": declared}, overrides)["paths"]
    faults = [
        f"unknown path {str(name)!r}; {did_you_mean(str(name), map(str, declared))}"
        for name in paths
        if name not in declared
    ]
    faults += [
        f"paths.{name} is {quoted(value)}; expected a path without ${{...}}"
        for name, value in paths.items()
        if name in declared and not (isinstance(value, str) and value.strip() and "${" not in value)
    ]
    if faults:
        raise ConfigError(f"{path}: {'; '.join(faults)}")
    return {f"paths.{name}": value for name, value in paths.items()}


def _resolved(values: dict[str, Any], references: Mapping[str, str], path: Path) -> dict[str, Any]:
    """Return the settings with every reference replaced by its value."""
    unknown: dict[str, None] = {}  # a dict keeps the order and drops duplicates

    def value_of(reference: re.Match[str]) -> str:
        if reference[1] not in references:
            unknown[reference[1]] = None
        return references.get(reference[1], "")

    def fill(content: Any) -> Any:  # noqa: ANN401 - any setting
        if isinstance(content, str):
            return _REFERENCE.sub(value_of, content)
        if isinstance(content, Mapping):
            return {key: fill(value) for key, value in content.items()}
        return [fill(item) for item in content] if isinstance(content, list) else content

    resolved = {key: fill(value) for key, value in values.items()}
    if unknown:
        faults = [f"unknown '${{{shortened(n)}}}'; {did_you_mean(n, references)}" for n in unknown]
        raise ConfigError(f"{path}: {'; '.join(faults)}")
    return resolved
