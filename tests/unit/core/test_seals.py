"""A sealed file tells when it is not what was written, and is read as if it had no seal."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from moviegenre.core.errors import DamagedError
from moviegenre.core.seals import check_seal, read_sealed, sealed_file


def seal(path: Path, content: bytes) -> bytes:
    """Write a sealed file and return all of its bytes."""
    with sealed_file(path) as stream:
        stream.write(content)
    return path.read_bytes()


def test_a_file_of_several_chunks_is_sealed_as_a_whole(tmp_path: Path) -> None:
    content = np.random.default_rng(0).bytes(2_500_000)
    whole = seal(tmp_path / "a", content)
    assert whole[-32:] == hashlib.sha256(content).digest()
    assert read_sealed(tmp_path / "a") == content
    for place in (0, 1_200_000, 2_499_999):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        (tmp_path / "a").write_bytes(damaged)
        with pytest.raises(DamagedError, match="is damaged"):
            check_seal(tmp_path / "a")


@pytest.mark.parametrize("length", [0, 1, 47, 48, 1000, 1047])
def test_every_cut_is_noticed(tmp_path: Path, length: int) -> None:
    whole = seal(tmp_path / "a", bytes(1000))
    assert len(whole) == 1048
    (tmp_path / "a").write_bytes(whole[:length])
    with pytest.raises(DamagedError, match=r"a is damaged: its end is missing$"):
        read_sealed(tmp_path / "a")


def test_a_file_without_a_seal_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    assert not check_seal(tmp_path / "a")


def test_numpy_and_pytorch_read_sealed_files(tmp_path: Path) -> None:
    array = np.arange(12).reshape(3, 4)
    with sealed_file(tmp_path / "a.npy") as stream:
        np.save(stream, array)
    with sealed_file(tmp_path / "a.npz") as stream:
        np.savez(stream, array=array)
    with sealed_file(tmp_path / "a.pt") as stream:
        torch.save({"array": torch.from_numpy(array)}, stream)
    assert (np.load(tmp_path / "a.npy", mmap_mode="r") == array).all()
    with np.load(tmp_path / "a.npz") as arrays:
        assert (arrays["array"] == array).all()
    assert (torch.load(tmp_path / "a.pt", weights_only=True)["array"].numpy() == array).all()


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(100))])
def test_every_byte_of_a_seal_counts(tmp_path: Path, content: bytes) -> None:
    whole = seal(tmp_path / "a", content)
    assert whole[: len(content)] == content
    seals = whole[len(content) :]
    assert seals[:8] == b"mgseal01"
    assert int.from_bytes(seals[8:16], "little") == len(content)
    assert seals[16:] == hashlib.sha256(content).digest()
    assert check_seal(tmp_path / "a")
    assert read_sealed(tmp_path / "a") == content
    for place in range(len(content), len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        (tmp_path / "a").write_bytes(damaged)
        with pytest.raises(DamagedError) as refused:
            read_sealed(tmp_path / "a")
        reason = "its end is missing" if place < len(content) + 8 else "it is not what was written"
        assert str(refused.value).startswith(f"{tmp_path / 'a'} is damaged: {reason}")


def test_a_writer_that_left_its_place_is_sealed_as_a_whole(tmp_path: Path) -> None:
    with sealed_file(tmp_path / "a") as stream:
        stream.write(b"0123456789")
        stream.seek(2)  # as writers of archives do
    assert read_sealed(tmp_path / "a") == b"0123456789"
