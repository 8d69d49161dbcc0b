"""Archives that are refused: damaged, cut off, or with a member that leaves them."""

import re
import tarfile
from pathlib import Path

import pytest

from moviegenre.core.errors import DataError
from moviegenre.data.sources.archive import open_archive
from tests.unit.data.raw_movies import complete_files, write_archive


def read_all(path: Path) -> tuple[list[str], str]:
    with open_archive(path, progress=False) as archive:
        names = [member.name for member in archive.members()]
        return names, archive.finish()


@pytest.mark.parametrize("name", ["../escape.json", "mmimdb/../../escape.json", "/etc/escape.json"])
def test_a_member_that_leaves_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    path = write_archive(tmp_path / "movies.tar", {"mmimdb/dataset/1.json": b"{}", name: b"{}"})
    with pytest.raises(DataError) as error:
        read_all(path)
    assert str(error.value) == (
        f"{path} has a member {name!r}, whose path leaves the archive; it is refused: get the "
        "archive from where it was published"
    )


@pytest.mark.parametrize("name", ["movies.tar", "movies.tar.gz"])
def test_an_archive_cut_off_anywhere_is_refused(tmp_path: Path, name: str) -> None:
    files = complete_files(8)
    path = write_archive(tmp_path / name, files)
    whole = path.read_bytes()
    end = len(whole)
    if name == "movies.tar":  # behind the last member there is nothing but zeros, of no account
        end = len(whole.rstrip(b"\0"))
        with tarfile.open(path) as tar:
            last = tar.getmembers()[-1]
        end = max(end, last.offset_data + last.size)
    for length in range(0, end, 97):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=f"^{re.escape(str(path))} (is cut off|cannot be read)"):
            read_all(path)


def test_an_archive_that_ends_between_members_says_so(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "movies.tar", complete_files())
    with tarfile.open(path) as tar:
        cut = tar.getmembers()[5].offset
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError) as error:
        read_all(path)
    assert str(error.value) == f"{path} is cut off: the end of the archive is missing"


def test_a_damaged_byte_in_a_compressed_archive_is_found(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "movies.tar.gz", complete_files())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"cannot be read as a tar archive: .*; is it whole\?$"):
        read_all(path)


def test_text_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "movies.tar"
    path.write_text("<html>not found</html>" * 100)
    with pytest.raises(DataError, match=r"cannot be read as a tar archive: .*; is it whole\?$"):
        read_all(path)


def test_links_are_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "movies.tar"
    with tarfile.open(path, "w:") as tar:
        link = tarfile.TarInfo("mmimdb/dataset/1.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    from moviegenre.data.sources.mmimdb import MMIMDbArchive

    with pytest.raises(DataError, match="is not in MM-IMDb's layout"):
        MMIMDbArchive(path)
