"""Titles and years of names as people and release groups write them."""

import time

import pytest

from moviegenre.library.file_names import adds_a_year, best_name, film_name, film_stem


@pytest.mark.parametrize(
    ("name", "title", "year"),
    [
        ("Dust (1999)", "Dust", 1999),
        ("[REC] 2 (2009)", "[REC] 2", 2009),
        ("(500) Days of Summer (2009)", "(500) Days of Summer", 2009),
        ("1917 (2019) {tmdb-530915} [1080p]", "1917", 2019),
        ("Mr. & Mrs. Smith [2005]", "Mr. & Mrs. Smith", 2005),
        ("S.W.A.T. (2003)", "S.W.A.T.", 2003),
        ("Dust_Bowl_(1999)", "Dust Bowl", 1999),
        ("the.matrix.1999", "the matrix", 1999),
        ("2001.A.Space.Odyssey.1968.2160p.UHD", "2001 A Space Odyssey", 1968),
        ("Blade.Runner.2049.2017.German.DL.1080p", "Blade Runner 2049", 2017),
        ("The.Matrix.1080p.BluRay.x264-GRP", "The Matrix", None),
        ("Blade Runner 2049", "Blade Runner 2049", None),
        ("Rocky II", "Rocky II", None),
    ],
)
def test_names(name: str, title: str, year: int | None) -> None:
    assert (film_name(name).title, film_name(name).year) == (title, year)


@pytest.mark.parametrize(
    "name",
    [
        *("", "(1999)", "1999", "grp-matrix", "sparks-thematrix-1080p", "S.W.A.T.2003.1080p"),
        *("Wonder Woman 1984", "Class.of.1984.German", "The.Final.Cut.1080p", "VTS_01_1"),
        *("title_t00", "A1_t00", "IMG_2020", "00001", "Movie", "Part 2", "New folder"),
    ],
)
def test_no_title_is_better_than_a_wrong_one(name: str) -> None:
    assert film_name(name).title is None


@pytest.mark.parametrize(
    ("folder", "video", "title", "year"),
    [
        ("Dust (1999)", "grp-dust", "Dust", 1999),
        ("Best of 2020 (2020)", "Dust (1999)", "Dust", 1999),
        ("Downloads", "Dust", "Dust", None),
        ("Downloads", "grp-dust", None, None),
        (None, "Dust.1999.1080p", "Dust", 1999),
    ],
)
def test_the_better_name_counts(
    folder: str | None, video: str, title: str | None, year: int | None
) -> None:
    name = best_name(folder, video)
    assert (name.title, name.year) == (title, year)


@pytest.mark.parametrize(
    ("stem", "film"),
    [
        ("dust (1999) - my label", "dust (1999)"),
        ("dust (1999) (1080p)", "dust (1999)"),
        ("dust - director's cut [1080p]", "dust"),
        ("dust.1999.1080p.bluray.x264-grp", "dust.1999"),
        ("dust - resurrection", "dust - resurrection"),
        ("dust (1999) - part 1", "dust (1999) - part 1"),
        ("dusty", "dusty"),
    ],
)
def test_versions(stem: str, film: str) -> None:
    assert film_stem(stem) == film


@pytest.mark.parametrize("piece", ["-", "[ ", "(( ", "{}", "a.", "1080p-", "_(2020) ", "cd1 "])
def test_hostile_names_take_no_time(piece: str) -> None:
    name = f"{piece * 250}"[:250] + "!"  # a file's name has at most 255 bytes
    start = time.process_time()
    film_name(name), film_stem(name), adds_a_year("", name)
    assert time.process_time() - start < 1
