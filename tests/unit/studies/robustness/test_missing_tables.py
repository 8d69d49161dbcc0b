"""Missing tables of papers: read without running code, matched to movies, scored by hand."""

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from moviegenre.core.errors import DataError
from moviegenre.core.types import Modality
from moviegenre.metrics import compute_metrics
from moviegenre.studies.robustness.document import write_robustness
from moviegenre.studies.robustness.missing_tables import (
    codes_by_movie,
    read_missing_table,
    score_table,
)
from moviegenre.studies.robustness.scores import FusionModel, measure_robustness
from tests.unit.evaluation.fake_runs import make_predictions

NAME = "mmimdb_test_missing_both_07.pt"


def write(folder: Path, values: object) -> Path:
    torch.save(values, folder / NAME)
    return folder / NAME


def write_ids(folder: Path, ids: list[str]) -> Path:
    table = pa.table({"image_id": ids})
    path = folder / "mmimdb_test.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return path


def test_a_table_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, torch.tensor([0.0, 1.0, 2.0, 0.0]))
    assert read_missing_table(path).tolist() == [0, 1, 2, 0]
    assert codes_by_movie(path, ["a", "b", "c", "d"]).tolist() == [0, 1, 2, 0]


def test_the_arrow_file_says_whose_rows_they_are(tmp_path: Path) -> None:
    path = write(tmp_path, torch.tensor([0.0, 1.0, 2.0]))
    arrow = write_ids(tmp_path, ["0000001", "0000002", "0000003"])
    assert codes_by_movie(path, ["0000003", "0000001"], arrow).tolist() == [2, 0]
    with pytest.raises(DataError) as error:
        codes_by_movie(path, ["0000003", "0000009"], arrow)
    assert str(error.value) == (
        f"{arrow} lacks 1 of 2 movies, for example 0000009; name the Arrow file of the same split"
    )
    with pytest.raises(DataError, match="3 rows for 2 movies; name the Arrow file"):
        codes_by_movie(path, ["0000003", "0000001"])
    with pytest.raises(DataError, match=r"has 3 rows and .* 2; name the Arrow file"):
        codes_by_movie(path, ["0000001"], write_ids(tmp_path, ["0000001", "0000002"]))


@pytest.mark.parametrize(
    "values", [torch.tensor([0.0, 3.0]), torch.tensor([0.5]), torch.zeros(2, 2), {"a": 1}]
)
def test_other_contents_are_one_line(tmp_path: Path, values: object) -> None:
    with pytest.raises(DataError, match="expected one number for each movie: 0 complete, 1 no"):
        read_missing_table(write(tmp_path, values))


class _Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("1 / 0",)


def test_no_code_of_a_table_is_run(tmp_path: Path) -> None:
    path = tmp_path / NAME
    path.write_bytes(pickle.dumps(_Harmful()))
    with pytest.raises(DataError, match="cannot be read as a missing table") as error:
        read_missing_table(path)
    assert "\n" not in str(error.value)


def test_each_movie_lacks_what_its_number_says() -> None:
    complete = make_predictions(0.3)
    without = {Modality.PLOT: make_predictions(3.0), Modality.POSTER: make_predictions(0.9)}
    fusion = FusionModel("late_fusion", "late fusion", complete, without, {})
    codes = np.arange(len(complete.ids)) % 3
    table = score_table(NAME, codes, [fusion])
    parts = (complete, without[Modality.PLOT], without[Modality.POSTER])
    probs = np.stack([parts[code].probs[row] for row, code in enumerate(codes)])
    expected = compute_metrics(probs, complete.labels, 0.5).metrics
    assert table.scores == (("late fusion", expected["f1_macro"], expected["f1_micro"]),)
    assert table.num_missing == {
        Modality.PLOT: int((codes == 1).sum()),
        Modality.POSTER: int((codes == 2).sum()),
    }
    assert table.to_json_dict()["table"] == NAME


def test_the_table_stands_in_the_document(tmp_path: Path) -> None:
    without = {Modality.PLOT: make_predictions(3.0), Modality.POSTER: make_predictions(0.9)}
    fusion = FusionModel("late_fusion", "late fusion", make_predictions(0.3), without, {})
    codes = np.arange(len(fusion.complete.ids)) % 3
    table = score_table(NAME, codes, [fusion])
    measured = measure_robustness([fusion], [], "test")
    write_robustness(replace(measured, tables=(table.to_json_dict(),)), tmp_path, "a command")
    page = (tmp_path / "ROBUSTNESS.md").read_text()
    _, macro, micro = table.scores[0]
    assert f"## Missing table `{NAME}`" in page
    assert f"| late fusion | {100 * macro:.2f} | {100 * micro:.2f} |" in page
    plain = json.loads((tmp_path / "robustness.json").read_text())
    assert plain["tables"] == [table.to_json_dict()]
