"""The words that every floor shares."""

from moviegenre.core.types import Modality, Split


def test_names_are_those_of_the_field() -> None:
    assert [split.value for split in Split] == ["train", "val", "test"]
    assert [modality.value for modality in Modality] == ["plot", "poster"]
