"""MM-IMDb in its forms, from the source to the prepared folder: what is said and refused."""

import logging
from pathlib import Path
from typing import Any

import pytest

from moviegenre.core.errors import DataError
from moviegenre.core.types import Split
from moviegenre.data.prepare import PreparedSummary, prepare
from tests.unit.data.mmimdb_forms import write_arrow, write_folders, write_hdf5, write_hub
from tests.unit.data.raw_movies import SPLITS
from tests.unit.data.test_data_commands import run as command


def run(source: Path, out: Path, **options: Any) -> PreparedSummary:
    return prepare(str(source), out, **({"min_movies": 1, "progress": False} | options))


def test_the_form_is_said_once_and_stands_on_the_data(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = write_arrow(tmp_path / "held")
    with caplog.at_level(logging.INFO, logger="moviegenre"):
        summary = run(source, tmp_path / "out")
    form = (
        "MM-IMDb as papers on missing modalities keep it: Arrow files for each split; their code "
        "takes each plot as a sample, as data.plot=each does"
    )
    assert [m for m in caplog.messages if "recognised" in m] == [f"{source}: recognised as {form}"]
    assert summary.data.datasheet["form"] == form
    assert summary.data.datasheet["split"] == "official"
    assert summary.data.datasheet["movies"] == {s.value: len(SPLITS[s]) for s in Split}
    page = (tmp_path / "out" / "DATASHEET.md").read_text()
    assert f"- Recognised as: {form}\n" in page


def test_a_split_that_is_not_whole_is_not_replaced_in_silence(tmp_path: Path) -> None:
    source = write_arrow(tmp_path / "held", [Split.TRAIN, Split.TEST])
    with pytest.raises(DataError) as error:
        run(source, tmp_path / "out")
    assert str(error.value).startswith(f"{source}: MM-IMDb as papers on missing modalities keep it")
    assert str(error.value).endswith(
        "; it has no films for val; get these, or make a split of your own with `split` stratified"
    )
    assert not (tmp_path / "out").exists()


def test_train_rows_of_the_hub_are_split_only_when_told(tmp_path: Path) -> None:
    pytest.importorskip("iterstrat")
    source = write_hub(tmp_path / "held", {"train": range(40)})
    with pytest.raises(DataError, match="compare with nobody's; it has no films for val, test"):
        run(source, tmp_path / "out")
    summary = run(source, tmp_path / "out", split="stratified")
    assert sum(summary.data.datasheet["movies"].values()) == 40
    assert "results on it compare with nobody's" in summary.data.datasheet["form"]


def test_hemms_test_films_alone_are_no_data_set_to_train_on(tmp_path: Path) -> None:
    source = write_folders(tmp_path / "held", "annotations", "images")
    (source / "split.json").write_text('{"test": ["0000009", "0000010", "0000011"]}')
    for path in (source / "annotations").glob("000000[0-8].json"):
        path.unlink()
    with pytest.raises(
        DataError, match=r"it has no films for train, val \(split\.json lists none\); get these, or"
    ):
        run(source, tmp_path / "out")


def test_a_file_without_plots_needs_to_be_told_so(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    source = write_hdf5(tmp_path / "multimodal_imdb.hdf5")
    with pytest.raises(DataError) as error:
        run(source, tmp_path / "out")
    assert str(error.value) == (
        f"{source}: multimodal_imdb.hdf5 of MM-IMDb's authors: ids, genres, split and small "
        "posters; it has no plot text, so it serves models of posters and checks of labels alone; "
        "to prepare posters alone, set `keep_incomplete`"
    )
    summary = run(source, tmp_path / "out", keep_incomplete=True)
    assert summary.data.datasheet["movies"] == {s.value: len(SPLITS[s]) for s in Split}
    assert summary.notes["kept although: no plot"] == 12


def test_show_prints_the_first_movies_of_a_form(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_arrow(tmp_path / "held")
    assert command("data", "prepare", source, "--show") == 0
    form, *movies = capsys.readouterr().out.splitlines()
    assert form.startswith(f"{source}: MM-IMDb as papers on missing modalities keep it")
    assert len(movies) == 5
    assert movies[0].startswith("row 1  id: ")
    assert "genres: " in movies[0]
