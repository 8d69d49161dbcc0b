"""Read YAML from users: with a size limit, and one kind of error for every fault."""

from typing import Any

import yaml

from moviegenre.core.errors import shortened

MAX_YAML_CHARS = 1 << 20
_MAX_VALUES = 50_000
_MAX_DEPTH = 50
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """Refuses repeated keys, and documents that are too deep or, with aliases, too large."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401
        self._depth: int = getattr(self, "_depth", 0) + 1
        if self._depth > _MAX_DEPTH:
            raise ValueError(f"nested more than {_MAX_DEPTH} levels deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:  # noqa: ANN401
        node = super().compose_mapping_node(anchor)
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                continue
            name = (key.tag, key.value)
            line = key.start_mark.line + 1
            if name in lines:
                where = f"lines {lines[name]} and {line}" if lines[name] != line else f"line {line}"
                raise ValueError(
                    f"{shortened(name[1])!r} is set twice, on {where}; remove one of them"
                )
            lines[name] = line
        return node

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        if node is not None and _expanded_size(node, {}, set()) > _MAX_VALUES:
            raise ValueError(f"more than {_MAX_VALUES:,} values, including those of aliases")
        return node


def parse_yaml(text: str) -> Any:  # noqa: ANN401 - whatever it says
    """Parse a YAML text.

    Args:
        text: A document of plain values.

    Raises:
        ValueError: The text is no YAML, sets a key twice, is too long, nested too deeply, refers to
            itself, or is too large when its aliases are expanded.

    Example:
        >>> parse_yaml("seed: 7")
        {'seed': 7}
    """
    if len(text) > MAX_YAML_CHARS:
        raise ValueError(f"{len(text):,} characters long, expected at most {MAX_YAML_CHARS:,}")
    try:
        return yaml.load(text, Loader=_Loader)  # a SafeLoader with bounds  # nosec B506
    except yaml.YAMLError as error:
        raise ValueError(_problem(error)) from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except (TypeError, OverflowError, AttributeError, LookupError) as error:
        raise ValueError(f"a value cannot be read: {error}") from None


def _problem(error: yaml.YAMLError) -> str:
    """Return the place and the reason of a fault in one line."""
    if isinstance(error, yaml.reader.ReaderError):
        return "it has characters that are no text"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    problem = " ".join(str(error.problem).replace("'<stream end>'", "the end of the text").split())
    if r"'\t'" in problem:
        problem = "found a tab; indent with spaces"
    mark = error.problem_mark
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}"


def _expanded_size(node: yaml.Node, sizes: dict[int, int], ancestors: set[int]) -> int:
    """Return the number of values of a node when every alias is expanded.

    Raises:
        ValueError: The node contains itself.
    """
    if id(node) in sizes:
        return sizes[id(node)]
    if id(node) in ancestors:
        raise ValueError("an alias refers to a value that contains it")
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        children = [child for pair in node.value for child in pair]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    ancestors.add(id(node))
    sizes[id(node)] = 1 + sum(_expanded_size(child, sizes, ancestors) for child in children)
    ancestors.discard(id(node))
    return sizes[id(node)]
