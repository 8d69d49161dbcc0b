"""Settings in messages of the package become options of the command line."""

import re

_SETTINGS = (
    *(
        "backend",
        "calibrate",
        "encoding",
        "format",
        "genres_column",
        "genres_columns",
        "id_column",
        "separator",
        "checkpoint",
        "drop_leaks",
        "fitted",
        "genres",
        "goal",
        "half",
    ),
    *(
        "index",
        "keep_incomplete",
        "labels",
        "leaks",
        "min_films",
        "min_movies",
        "missing_arrow",
        "onnx",
        "only",
        "out",
        "overwrite",
        "parity_data",
    ),
    *("batch_size", "plot_column", "poster_column", "posters", "restart", "resume", "save"),
    *("shards", "split", "workers"),
    *("separator", "split_column", "thresholds", "title_column", "year_column"),
)
_OPTIONS = {"data_dir": "data", **{name: name.replace("_", "-") for name in _SETTINGS}}
_SET = re.compile(r"`([a-z_.]+)`=")
_SETTING = re.compile(r"`([a-z_0-9]+)`( off\b)?")


def with_options(message: str) -> str:
    """Return a message with options in the place of settings.

    Example:
        >>> with_options("choose with `data_dir`, or leave it out with `save` off")
        'choose with --data, or leave it out with --no-save'
        >>> with_options("use more movies, or `folds`=N; see `moviegenre --help`")
        'use more movies, or --set folds=N; see `moviegenre --help`'
    """

    def option(match: re.Match[str]) -> str:
        name = _OPTIONS.get(match[1])
        if name is None:
            return match[0]
        return f"--no-{name}" if match[2] else f"--{name}"

    return _SETTING.sub(option, _SET.sub(r"--set \1=", message))
