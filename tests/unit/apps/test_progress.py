"""Progress bars: shown once there is something to show."""

import io

import pytest
import rich
from rich.console import Console

from moviegenre.apps.progress import film_progress


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr(rich, "get_console", lambda: console)
    monkeypatch.setattr("rich.progress.get_console", lambda: console)
    return stream


def test_a_bar_shows_films_and_all_films(terminal: io.StringIO) -> None:
    with film_progress("predicting") as show:
        show(0, None)
        show(100, 300)  # done before the job was resumed
        show(200, 300)
    assert "predicting" in terminal.getvalue()
    assert "200/300" in terminal.getvalue()


def test_nothing_is_shown_before_the_first_film_or_where_nobody_looks(
    terminal: io.StringIO,
) -> None:
    with film_progress("restoring"):
        pass
    with film_progress("restoring", quiet=True) as show:
        show(1, 2)
    assert terminal.getvalue() == ""


def test_a_transient_bar_needs_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("rich.progress.get_console", lambda: Console(file=stream))
    with film_progress("looking for films", transient=True) as show:
        show(1, None)
    assert stream.getvalue() == ""
