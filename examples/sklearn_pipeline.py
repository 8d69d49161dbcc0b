"""Put the model at the end of a scikit-learn pipeline.

python examples/sklearn_pipeline.py films.csv
"""

import sys

import pandas as pd
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

import moviegenre


def rename(films: pd.DataFrame) -> pd.DataFrame:
    """Give the columns the names that the model knows."""
    return films.rename(columns={"storyline": "plot", "released": "year"})


def make_classifier() -> Pipeline:
    """Return a pipeline that takes a table as your catalogue has it."""
    return make_pipeline(FunctionTransformer(rename), moviegenre.load())


if __name__ == "__main__":
    classifier, films = make_classifier(), pd.read_csv(sys.argv[1])
    table = pd.DataFrame(classifier.predict_proba(films), columns=classifier.classes_)
    print(table.round(2).to_string())
