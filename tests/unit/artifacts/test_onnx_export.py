"""What an export writes to the terminal."""

import os
from pathlib import Path

import pytest

from moviegenre.artifacts.onnx_export import export_onnx, without_packing_warnings
from tests.tiny_checkpoints import tiny_checkpoint

PACKING = (
    b"[W1129 19:38:36.022180535 shape_type_inference.cpp:1994] Warning: The shape inference of "
    b"prim::PackPadded type is missing, so it may result in wrong shape inference for the exported "
    b"graph. Please consider adding it in symbolic function. (function UpdateReliable)\n"
)


def test_packed_sequences_are_exported_in_silence(
    tmp_path: Path, bert_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    export_onnx(tiny_checkpoint("lstm", bert_folder), tmp_path / "lstm.onnx")
    assert capfd.readouterr() == ("", "")


def test_other_messages_are_written_also_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    other = PACKING.replace(b"prim::PackPadded", b"prim::Constant")

    def fail() -> None:
        with without_packing_warnings():
            os.write(2, b"before\n" + PACKING + other + PACKING + b"after\n")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert capfd.readouterr().err == f"before\n{other.decode()}after\n"
    os.write(2, PACKING)
    assert capfd.readouterr().err == PACKING.decode()
