"""``predict --input`` of tables as people have them: every film answered, or a clear error."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw

import moviegenre
from moviegenre.core.errors import ConfigError, DataError, MissingExtraError
from moviegenre.data.tables.table import Written
from moviegenre.inference.catalogue import predict_catalogue
from moviegenre.inference.catalogue_rows import Catalogue
from moviegenre.inference.catalogue_texts import CatalogueColumns, TextTable
from moviegenre.inference.predictor import Predictor
from tests.cases.films import PLOTS, write_csv
from tests.unit.data.test_data_commands import run

FOUR = [
    ("1", PLOTS[0]),
    ("2", PLOTS[9]),
    ("3", PLOTS[20]),
    ("4", "Zoë has a naïve café: a murder."),
]
BODY = "id,plot\r\n" + "".join(f'{id_},"{plot}"\r\n' for id_, plot in FOUR)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return moviegenre.load()


def answers(predictor: Predictor, path: Path, **columns: Any) -> list[dict[str, str]]:
    out = path.parent / "answers.csv"
    predict_catalogue(predictor, Catalogue(path, CatalogueColumns(**columns), None), out)
    with out.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def texts(path: Path, **columns: Any) -> list[tuple[str, tuple[str, ...]]]:
    table = TextTable(path, CatalogueColumns(**columns))
    return [(row.id, row.plots) for row in table.texts()]


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("films.csv", BODY)


WRITERS: dict[str, Callable[[Path], Any]] = {
    "bom.csv": lambda path: path.write_bytes(BODY.encode("utf-8-sig")),
    "cp1252.csv": lambda path: path.write_bytes(BODY.encode("cp1252")),
    "utf16.csv": lambda path: path.write_bytes(BODY.encode("utf-16")),
    "semicolons.csv": lambda path: path.write_bytes(
        BODY.replace(",", ";", 1).replace(',"', ';"').encode()
    ),
    "excel.csv": lambda path: path.write_bytes(
        ("sep=;\r\n" + BODY.replace(",", ";", 1).replace(',"', ';"')).encode()
    ),
    "tabs.tsv": lambda path: path.write_text(
        "id\tplot\n" + "".join(f"{i}\t{p}\n" for i, p in FOUR)
    ),
    "array.json": lambda path: path.write_text(
        json.dumps([{"id": i, "plot": p} for i, p in FOUR], indent=1)
    ),
    "page.json": lambda path: path.write_text(
        json.dumps(
            {"page": 1, "results": [{"id": i, "overview": p, "genre_ids": [18]} for i, p in FOUR]}
        )
    ),
    "by_id.json": lambda path: path.write_text(json.dumps({i: {"plot": p} for i, p in FOUR})),
    "films.csv.gz": lambda path: path.write_bytes(gzip.compress(BODY.encode())),
    "films.csv.zip": zipped,
    "binary.parquet": lambda path: pq.write_table(
        pa.table({"id": [i for i, _ in FOUR], "plot": [p.encode() for _, p in FOUR]}), path
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_form_gives_the_same_texts(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    assert texts(tmp_path / name) == [(id_, (plot,)) for id_, plot in FOUR]


def test_form_and_encoding_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_bytes("id^plot\n1^Żubr rządzi.\n".encode("cp1250"))
    assert texts(path, written=Written("^", "cp1250")) == [("1", ("Żubr rządzi.",))]
    with pytest.raises(ConfigError, match="`encoding` is 'klingon'"):
        texts(path, written=Written(encoding="klingon"))
    with pytest.raises(ConfigError, match="`separator` is 'ab'; expected one character"):
        texts(path, written=Written("ab"))


def test_excel(tmp_path: Path) -> None:
    path = tmp_path / "films.xlsx"
    path.write_bytes(b"PK no workbook")
    try:
        import openpyxl
    except ModuleNotFoundError:
        with pytest.raises(MissingExtraError, match=r"pip install '\.\[excel\]'"):
            texts(path)
        return
    with pytest.raises(DataError, match="is no whole zip"):
        texts(path)
    book = openpyxl.Workbook()
    for row in [("id", "plot"), *FOUR]:
        book.active.append(row)
    book.save(path)
    assert texts(path) == [(id_, (plot,)) for id_, plot in FOUR]


def test_bombs_are_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"plot\n" + (b"a" * (1 << 20) + b"\n") * 130)
    (tmp_path / "films.csv.gz").write_bytes(bomb)
    with pytest.raises(DataError, match="times its size and more; it is refused"):
        texts(tmp_path / "films.csv.gz")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(BODY.encode())[:-9])
    with pytest.raises(DataError, match="cannot be unpacked"):
        texts(tmp_path / "cut.csv.gz")
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(name, BODY)
    with pytest.raises(DataError, match=r"holds 2 tables \(a.csv, b.csv\); expected one"):
        texts(tmp_path / "two.zip")


def test_placeholders_have_no_plot(predictor: Predictor, tmp_path: Path) -> None:
    words = [
        *("N/A", "-", "TBA", "...", "???", "Unknown", "nan", "NULL", "None", "[]", "0", "   "),
        *("<p></p>", "&nbsp;", "\ufeff", "Add a plot", "No overview found.", "\\N"),
    ]
    rows = [*enumerate(words), ("film", PLOTS[0])]
    *missing, film = answers(predictor, write_csv(tmp_path / "a.csv", ["id", "plot"], rows))
    assert all(row["error"].startswith("no plot: ") and not row["genres"] for row in missing)
    assert (film["error"], film["modalities"]) == ("", "plot")
    assert film["genres"]


def test_other_languages_are_named(predictor: Predictor, tmp_path: Path) -> None:
    plots = {
        "German": "Ein alter Seemann zieht mit seiner Tochter in ein Haus und hört nachts Stimmen.",
        "French": "Un vieux marin emménage avec sa fille dans une maison et entend des voix la nuit.",
        "Spanish": "Un viejo marinero se muda con su hija a una casa y de noche oye voces extrañas.",
        "Polish": "Stary marynarz wprowadza się z córką do domu i w nocy słyszy głosy z piwnicy.",
        "Cyrillic": "Старый моряк переезжает с дочерью в дом и слышит по ночам голоса.",  # noqa: RUF001
        "Japanese": "老いた船乗りが娘と家に引っ越し、夜に声を聞く。",
    }
    rows = [*plots.items(), ["en", PLOTS[0]]]
    *others, english = answers(predictor, write_csv(tmp_path / "a.csv", ["id", "plot"], rows))
    for row in others:
        assert "not in English" in row["error"], row["id"]
        assert not row["genres"]
    assert "(German)" in others[0]["error"]
    assert not english["error"]


KINDS = ("jpg", "png", "webp", "avif", "jp2", "gif", "bmp", "tiff", "ppm")


def draw(folder: Path) -> Image.Image:
    """Write posters of every kind and return the one that is drawn."""
    art = Image.linear_gradient("L").resize((136, 200)).convert("RGB")
    for kind in KINDS:
        art.save(folder / f"art.{kind}")
    for kind in ("tga", "ico"):
        art.resize((64, 96)).save(folder / f"art.{kind}")
    art.save(folder / "my poster (1).jpg")
    Image.new("RGB", (136, 200)).save(folder / "black.png")
    Image.new("RGB", (136, 200), "white").save(folder / "white.png")
    Image.new("RGB", (1, 1)).save(folder / "pixel.png")
    card = Image.new("RGB", (136, 200), (200, 200, 200))
    ImageDraw.Draw(card).text((20, 90), "NO POSTER\nAVAILABLE", fill=(90, 90, 90))
    card.save(folder / "card.jpg")
    (folder / "cut.jpg").write_bytes((folder / "art.jpg").read_bytes()[:1200])
    (folder / "page.jpg").write_bytes(b"<!doctype html><title>404</title>")
    return art


POSTERS = {
    **{f"posters/art.{kind}": "" for kind in KINDS},
    "posters/art.tga": "the file is a TGA picture; expected JPEG, PNG, ",
    "posters/art.ico": "the file is an ICO picture; expected JPEG, PNG, ",
    "posters\\art.jpg": "",
    "posters/my%20poster%20(1).jpg": "",
    "posters/ART.JPG": "",
    "N/A": "none",
    "": "none",
    "posters/black.png": "The poster is blank",
    "posters/white.png": "The poster is blank",
    "posters/pixel.png": "The poster has only 1 x 1 pixels",
    "posters/card.jpg": "The poster looks like a placeholder",
    "posters/cut.jpg": "the image cannot be decoded",
    "posters/page.jpg": "the file is a web page; expected JPEG, PNG, ",
    "https://example.invalid/a.jpg": "the poster is a web address",
    "file:///nowhere/art.jpg": "/nowhere/art.jpg does not exist",
    "art\\none.jpg": r"with \ read as / it does not exist either",
    "posters/missing.jpg": "does not exist",
}


def test_posters_are_found_or_a_hint_says_why_not(predictor: Predictor, tmp_path: Path) -> None:
    (tmp_path / "posters").mkdir()
    draw(tmp_path / "posters")
    path = write_csv(
        tmp_path / "a.csv", ["plot", "poster"], [[PLOTS[12], name] for name in POSTERS]
    )
    for (name, expected), row in zip(POSTERS.items(), answers(predictor, path), strict=True):
        assert row["modalities"] == ("plot" if expected else "plot|poster"), name
        said = row["error"] + row["warnings"]
        if expected in ("", "none"):
            assert row["error"] == "", name
            assert "poster" not in said, name
        else:
            assert expected in said, name


def test_a_struct_may_hold_a_path(predictor: Predictor, tmp_path: Path) -> None:
    (tmp_path / "posters").mkdir()
    draw(tmp_path / "posters")
    content = (tmp_path / "posters/art.jpg").read_bytes()
    posters = [{"bytes": content, "path": None}, {"bytes": None, "path": "posters/art.jpg"}]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = {"plot": [PLOTS[12]] * 2, "poster": pa.array(posters, kind)}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    first, second = answers(predictor, tmp_path / "a.parquet")
    assert first["modalities"] == second["modalities"] == "plot|poster"
    assert first["Drama"] == second["Drama"]


def test_ids_are_never_invented_over_others(predictor: Predictor, tmp_path: Path) -> None:
    rows = [["2", PLOTS[0]], ["", PLOTS[1]], ["2", PLOTS[2]]]
    found = answers(predictor, write_csv(tmp_path / "a.csv", ["id", "plot"], rows))
    assert [row["id"] for row in found] == ["2", "row 2", "2"]
    assert ["Several rows have the id 2." in row["warnings"] for row in found] == [
        True,
        False,
        True,
    ]


def test_usual_columns_are_found_and_said(tmp_path: Path) -> None:
    netflix = ["show_id", "type", "title", "listed_in", "description"]
    path = write_csv(tmp_path / "n.csv", netflix, [["s1", "Movie", "T", "Dramas", PLOTS[0]]])
    table = Catalogue(path, CatalogueColumns(), None)
    assert [(row.id, row.title) for row in table.texts()] == [("s1", "T")]
    assert table.notes == [
        "recognised as titles of Netflix, Disney+ or Prime Video, id from column 'show_id', "
        "plot from column 'description'"
    ]
    path = write_csv(tmp_path / "o.csv", ["movie_id", "title", "overview"], [["m1", "T", PLOTS[0]]])
    assert texts(path) == [("m1", (PLOTS[0],))]


def test_well_known_tables_are_recognised(tmp_path: Path) -> None:
    (tmp_path / "omdb.json").write_text(
        json.dumps(
            {"Title": "T", "Year": "1999", "Plot": PLOTS[0], "Genre": "War", "imdbID": "tt1"}
        )
    )
    table = TextTable(tmp_path / "omdb.json", CatalogueColumns())
    assert [(row.id, row.title, row.year) for row in table.texts()] == [("tt1", "T", 1999)]
    cells = ["1", "/m/1", "T", "1999-05-01", "", "", "{}", "{}", '{"/m/07s9rl0": "Drama"}']
    (tmp_path / "movie.metadata.tsv").write_text("\t".join(cells) + "\n")
    (tmp_path / "plot_summaries.txt").write_text(f"1\t{PLOTS[0]}\n")
    table = TextTable(tmp_path / "plot_summaries.txt", CatalogueColumns())
    assert [(row.id, row.title, row.year) for row in table.texts()] == [("1", "T", 1999)]
    with pytest.raises(ConfigError, match="`format` wikipedia: the table has no column"):
        TextTable(tmp_path / "omdb.json", CatalogueColumns(format="wikipedia"))


def test_a_column_that_stands_twice_is_refused_where_it_is_read(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", ["id", "plot", "plot"], [["1", PLOTS[0], PLOTS[1]]])
    with pytest.raises(DataError, match="has several columns named 'plot'; rename all but one"):
        texts(path)


def test_lists_of_texts_are_read_and_mappings_are_not(predictor: Predictor, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    films = [{"id": 1, "plot": [PLOTS[0], None]}, {"id": 2, "plot": {"en": PLOTS[1]}}]
    path.write_text("".join(json.dumps(film) + "\n" for film in films))
    first, second = answers(predictor, path)
    assert (first["error"], bool(first["genres"])) == ("", True)
    assert second["error"].startswith("column plot: found {'en': ")


def test_markup_is_stripped(tmp_path: Path) -> None:
    plot = "<p>A <b>nurse</b> &amp; a spy.<br>They hide.</p>"
    path = write_csv(tmp_path / "a.csv", ["plot"], [[plot]])
    assert texts(path) == [("1", ("A nurse & a spy.\nThey hide.",))]


def test_columns_are_kept(predictor: Predictor, tmp_path: Path) -> None:
    header = ["id", "title", "year", "error", "plot"]
    path = write_csv(tmp_path / "a.csv", header, [["1", "T", "1999", "old", PLOTS[0]]])
    (row,) = answers(predictor, path, kept=("title", "year", "error"))
    assert (row["title"], row["year"], row["input_error"], row["error"]) == ("T", "1999", "old", "")


def test_answers_use_the_names_that_people_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    films, out, names = (tmp_path / name for name in ("films.csv", "genres.csv", "names.json"))
    films.write_text('id,plot\n1,"Two marines fight alien creatures on a distant colony."\n')
    arguments = ("predict", "--input", films, "--out", out, "--quiet", "--names")
    assert run(*arguments, "tmdb") == 0
    assert "Science Fiction" in out.read_text("utf-8")
    names.write_text('{"Sci-Fi": "Zukunft", "Horror": "", "Action": "Zukunft"}')
    assert run(*arguments, names) == 0
    row = next(csv.DictReader(io.StringIO(out.read_text("utf-8"))))
    genres = row["genres"].split("|")
    assert genres[0] == "Zukunft"
    assert not {"Sci-Fi", "Horror", "Action"} & set(genres)
    assert genres.count("Zukunft") == 1
    assert float(row["Zukunft"]) > 0.5, "columns of probabilities have these names"
    names.write_text('{"Scify": "Zukunft"}')
    assert run(*arguments, names) == 2
    assert "unknown genre" in capsys.readouterr().err
