"""The progress bar of commands that answer many films; imports nothing that needs PyTorch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SPEED_SECONDS = 300  # films come in chunks, seconds apart


@contextmanager
def film_progress(
    title: str, *, quiet: bool = False, transient: bool = False
) -> Iterator[Callable[[int, int | None], None]]:
    """Yield a function that shows the progress of films, the rate and the time left.

    The bar appears when the function is first called.

    Args:
        title: The text before the bar.
        quiet: Show nothing.
        transient: Remove the bar at the end; show nothing if that is impossible.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, transient=transient, speed_estimate_period=_SPEED_SECONDS)
    is_hidden = quiet or (transient and not bar.console.is_terminal)
    tasks: list[TaskID] = []

    def show(done: int, total: int | None) -> None:
        if is_hidden:
            return
        if not tasks:
            bar.start()
            tasks.append(bar.add_task(title, total=None, rate=""))
        (task,) = tasks
        if total is not None and bar.tasks[0].total is None:  # earlier films do not count
            bar.reset(task, total=total, completed=done)
        speed = bar.tasks[0].speed
        rate = f"{speed:.1f} films/s" if speed else ""
        bar.update(task, total=total, completed=done, rate=rate)

    try:
        yield show
    finally:
        if tasks:
            bar.stop()
