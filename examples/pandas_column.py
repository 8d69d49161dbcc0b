"""Add a column of genres to a table with pandas.

python examples/pandas_column.py films.csv films-with-genres.csv
"""

import sys

import pandas as pd

import moviegenre


def add_genres(films: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the columns genres, error and warnings."""
    predictions = moviegenre.load().predict(plot=films["plot"], errors="report")
    return films.assign(
        genres=["|".join(prediction.genres) for prediction in predictions],
        error=[prediction.error or "" for prediction in predictions],
        warnings=[" ".join(prediction.warnings) for prediction in predictions],
    )


if __name__ == "__main__":
    source, target = sys.argv[1:]
    add_genres(pd.read_csv(source)).to_csv(target, index=False)
