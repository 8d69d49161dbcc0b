"""Size limits of a film, a record and a file; larger ones are a mistake or an attack.

The longest plot of MM-IMDb has about 60,000 characters. Every limit is far above the sizes in real
catalogues, and low enough that no command needs more than 1 GB of memory for its input.
"""

MAX_PLOT_CHARS = 200_000
"""Characters of a plot; a longer plot is cut off, or ``prepare`` leaves it out."""

MAX_PLOTS = 1_000
"""Plots of a film."""

MAX_GENRES = 1_000
"""Genres of a film."""

MAX_NAME_CHARS = 1_000
"""Characters of an id, a title or a genre."""

MAX_RECORD_BYTES = 32 << 20
"""Bytes of a film's record: its JSON, a line of JSON Lines, or a cell of CSV."""

MAX_RECORD_VALUES = 1_000_000
"""Values in a film's JSON; each costs up to 200 bytes of memory."""

MAX_SPLIT_BYTES = 256 << 20
"""Bytes of ``split.json``, which lists every film."""

MAX_SPLIT_VALUES = 5_000_000
"""Ids in ``split.json``."""

MAX_POSTER_BYTES = 64 << 20
"""Bytes of a poster's file."""

MAX_COLUMNS = 10_000
"""Columns of a table."""

MAX_FILES = 2_000_000
"""Records and posters of an archive."""

MAX_UNPACKED_SHARE = 100
"""The maximum ratio of unpacked to compressed size; posters and texts reach 10."""

MIN_UNPACKED_BYTES = 100 << 20
"""The unpacked size that even the smallest compressed file may have."""
