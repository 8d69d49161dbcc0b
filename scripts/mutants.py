"""Run mutmut, which here changes context managers too: ``make mutants``.

mutmut leaves decorated functions alone. Those that write files are context managers, so without
them the most important lines would not be changed. Their decorator stays on the function that
chooses between the original and its changed copies; the copies have none.

Arguments are those of mutmut, such as ``run --max-children 1 'moviegenre.core.files*'``.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import libcst as cst
from mutmut.__main__ import cli
from mutmut.mutation import file_mutation

_skips = file_mutation.MutationVisitor._skip_node_and_children
_arranged = file_mutation.function_trampoline_arrangement


def is_context_manager(node: cst.CSTNode) -> bool:
    """Return whether a node is a function whose only decorator is ``contextmanager``."""
    if not isinstance(node, cst.FunctionDef) or len(node.decorators) != 1:
        return False
    decorator = node.decorators[0].decorator
    return isinstance(decorator, cst.Name) and decorator.value == "contextmanager"


def _skip(visitor: file_mutation.MutationVisitor, node: cst.CSTNode) -> bool:
    return not is_context_manager(node) and _skips(visitor, node)


def _arrange(
    function: cst.FunctionDef, mutants: Iterable[Any], class_name: str | None
) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any], Sequence[str]]:
    declared, (chooser, *copies), assigned, names = _arranged(function, mutants, class_name)
    if is_context_manager(function):
        copies = [copy.with_changes(decorators=[]) for copy in copies]
    return declared, [chooser, *copies], assigned, names


def main() -> None:
    """Run mutmut's command line."""
    file_mutation.MutationVisitor._skip_node_and_children = _skip  # type: ignore[assignment, method-assign]
    file_mutation.function_trampoline_arrangement = _arrange
    cli()


if __name__ == "__main__":
    main()
