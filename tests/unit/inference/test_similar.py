"""The index of movies that a model says the same of."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import moviegenre
from moviegenre.artifacts.folder import INDEX_FILE
from moviegenre.core.errors import CheckpointError, ConfigError, InputError
from moviegenre.core.types import Split
from moviegenre.data.prepared import PreparedData
from moviegenre.experiment.export import export
from moviegenre.inference.measure_parity import labelled_films
from moviegenre.inference.similar import SimilarIndex, write_index
from tests.tiny_checkpoints import changed, save_tiny, tiny_checkpoint
from tests.tiny_movies import write_prepared


def index_of(path: Path, logits: list[list[float]]) -> SimilarIndex:
    count = len(logits)
    write_index(
        path,
        ids=[f"tt{row}" for row in range(count)],
        titles=["A", "", "C", "D"][:count],
        years=[1950, None, 1970, 1980][:count],
        genres=[["Drama"], [], ["Horror", "Drama"], ["Comedy"]][:count],
        logits=np.array(logits, dtype=np.float32),
    )
    return SimilarIndex.read(path)


def test_the_nearest_is_the_one_of_which_the_same_is_unusual(tmp_path: Path) -> None:
    # The second label is always far below: what is usual for all tells nobody apart.
    index = index_of(tmp_path / "index.parquet", [[3, -9], [-3, -8], [2.5, -9.1], [-2, -7.5]])
    found = index.nearest(np.array([3.0, -9.0], dtype=np.float32), 3)
    assert [movie.id for movie in found][:2] == ["tt0", "tt2"]
    assert found[0].similarity == pytest.approx(1.0, abs=1e-4)
    assert (found[0].title, found[0].year, found[0].genres) == ("A", 1950, ["Drama"])
    assert found[0].similarity > found[1].similarity > found[2].similarity
    assert index.nearest(np.array([-3.0, -8.0], dtype=np.float32), 1)[0].title == ""


def test_a_damaged_index_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "index.parquet"
    path.write_bytes(b"no parquet")
    with pytest.raises(CheckpointError, match=r"is damaged .*; export it again"):
        SimilarIndex.read(path)
    with pytest.raises(CheckpointError, match="has id and 1 rows; expected id, title"):
        SimilarIndex(pa.table({"id": ["tt1"]}))


def test_an_exported_index_finds_a_training_movie_itself(bert_folder: Path, tmp_path: Path) -> None:
    data = PreparedData(write_prepared(tmp_path / "data", (12, 6, 4)))
    checkpoint = tiny_checkpoint("early_fusion", bert_folder, data.root)
    save_tiny(tmp_path / "model", changed(checkpoint, data_fingerprint=data.fingerprint))
    export(tmp_path / "model", tmp_path / "out", onnx=False, index=True, progress=False)
    predictor = moviegenre.load(tmp_path / "out")
    read = labelled_films(data, Split.TRAIN, predictor.reader, data.genres)
    films = [film for film, _ in read]
    for film, movie_id in zip(films, data.ids(Split.TRAIN), strict=True):
        (prediction,) = predictor.predict_films([film])
        nearest = prediction.similar(2)
        assert nearest[0].id == movie_id
        assert nearest[0].similarity == pytest.approx(1.0, abs=1e-3)
        assert nearest[1].similarity <= nearest[0].similarity
    titles, years = data.titles(Split.TRAIN)
    assert (nearest[0].title, nearest[0].year) == (titles[-1], years[-1])
    assert (tmp_path / "out" / INDEX_FILE).is_file()


def test_without_an_index_nobody_is_similar(bert_folder: Path, tmp_path: Path) -> None:
    save_tiny(tmp_path / "model", tiny_checkpoint("lstm", bert_folder))
    prediction = moviegenre.load(tmp_path / "model").predict(plot="the ghost")
    with pytest.raises(InputError, match="lstm has no index of similar movies; export its che"):
        prediction.similar()
    with pytest.raises((CheckpointError, ConfigError), match="`index` needs the movies that lstm"):
        export(tmp_path / "model", tmp_path / "out", onnx=False, index=True, progress=False)
    assert not (tmp_path / "out").exists()
