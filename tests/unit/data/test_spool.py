"""Byte strings in a temporary file."""

import gc

from moviegenre.data.spool import Spool


def test_what_was_added_is_read_back_in_any_order() -> None:
    spool = Spool()
    places = [spool.append(content) for content in (b"first", b"", b"third one")]
    assert [spool.read(place) for place in reversed(places)] == [b"third one", b"", b"first"]
    later = spool.append(b"after reading")  # goes to the end, wherever reading left off
    assert spool.read(later) == b"after reading"
    assert spool.read(places[2]) == b"third one"


def test_the_file_is_closed_with_the_spool() -> None:
    spool = Spool()
    file = spool._file
    del spool
    gc.collect()
    assert file.closed
