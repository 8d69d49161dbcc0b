"""The layout of a prepared data set: its files and their columns.

A prepared folder is plain Parquet and JSON, so that pandas, polars, Hugging Face ``datasets`` and
Ray Data open it without this package:

    train.parquet  val.parquet  test.parquet   one row a movie, columns below
    genres.json                                the genre names in label order
    datasheet.json  DATASHEET.md               source and content of the data
    excluded.csv                               every movie left out, with the reason
    cache/                                     decoded posters and token ids, made when first needed
"""

import pyarrow as pa

from moviegenre.core.types import Split

POSTER_TYPE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
"""Encoded image bytes and original file name: an Image of Hugging Face ``datasets``."""

MOVIE_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("title", pa.string()),
        pa.field("year", pa.int32()),
        pa.field("genres", pa.list_(pa.string()), nullable=False),
        pa.field("plots", pa.list_(pa.string()), nullable=False),  # empty if there is none
        pa.field("poster", POSTER_TYPE),  # null if there is none
        pa.field("poster_width", pa.int32()),  # of the original, in pixels
        pa.field("poster_height", pa.int32()),
    ]
)

GENRES_FILE = "genres.json"
DATASHEET_FILE = "datasheet.json"
DATASHEET_PAGE = "DATASHEET.md"
EXCLUDED_FILE = "excluded.csv"
CACHE_DIR = "cache"


def split_file(split: Split) -> str:
    """Return the name of a split's Parquet file."""
    return f"{split.value}.parquet"
