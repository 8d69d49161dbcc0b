"""Every block of code in the documentation is run as it stands, or says why it is not."""

import shutil
from pathlib import Path

import pytest

from tests.page_blocks import COMMANDS, DATA, PAGES, PYTHON, page_blocks
from tests.page_runner import PageRunner
from tests.page_world import write_world

BLOCKS = {page: page_blocks(page.read_text("utf-8"), page.name) for page in PAGES}
RUN = [page for page, blocks in BLOCKS.items() if any(block.to_run for block in blocks)]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, bert_folder: Path) -> Path:
    """Return the folder that every page gets a copy of."""
    return write_world(tmp_path_factory.mktemp("world"), bert_folder)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_blocks_are_run_or_say_why_not(page: Path) -> None:
    for block in BLOCKS[page]:
        place = f"{page.name}, line {block.line}"
        known = {*COMMANDS, PYTHON, *DATA}
        assert block.language in known, f"{place}: {block.language} is none of {sorted(known)}"
        if block.not_run is not None:
            assert len(block.not_run.split()) > 1, f"{place}: say why it is not run"


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_page_runs_as_it_stands(
    page: Path, world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "reader"
    shutil.copytree(world, folder)
    monkeypatch.chdir(folder)
    with PageRunner(monkeypatch) as runner:
        for block in BLOCKS[page]:
            if block.to_run:
                runner.run(block)
    if page.name == "tour.md":
        results = folder / "runs" / "tour" / "results"
        assert "These are not results" in (results / "RESULTS.md").read_text("utf-8")
        assert (results / "results.html").stat().st_size > 100_000
    if runner.left_out:
        pytest.skip(f"all but what this machine lacks: {'; '.join(runner.left_out)}")


def test_a_reason_and_a_continued_line_are_read() -> None:
    text = "<!-- not run: asks the hub -->\n```\na \\\n  b\n# c\n\nd\n```\n\n```json\n{}\n```\n"
    first, second = page_blocks(text)
    assert (first.line, first.commands, first.not_run) == (2, ["a    b", "d"], "asks the hub")
    assert (first.to_run, second.to_run, second.language) == (False, False, "json")
    with pytest.raises(ValueError, match="indented"):
        page_blocks("- a list\n  ```\n  ls\n  ```\n")
