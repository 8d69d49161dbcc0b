"""How much a film, a record and a file may hold; more is a mistake or an attack.

The longest plot of MM-IMDb has about 60,000 characters. Every limit is far above what real
catalogues have, and low enough that no command needs more than 1 GB for what it is given.
"""

MAX_PLOT_CHARS = 200_000
"""Characters of a plot: of a longer one the beginning is read, or ``prepare`` leaves it out."""

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
"""Bytes of ``split.json``, which names every film."""

MAX_SPLIT_VALUES = 5_000_000
"""Ids in ``split.json``."""

MAX_POSTER_BYTES = 64 << 20
"""Bytes of a poster's file."""

MAX_COLUMNS = 10_000
"""Columns of a table."""

MAX_FILES = 2_000_000
"""Records and posters of an archive."""

MAX_UNPACKED_SHARE = 100
"""How many times its own size a compressed file may unpack to; posters and texts reach 10."""

MIN_UNPACKED_BYTES = 100 << 20
"""What a compressed file may unpack to, however small it is."""
