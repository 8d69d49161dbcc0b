"""``moviegenre serve`` as it is started and stopped: a process, a port, an exported model."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from moviegenre.artifacts.folder import CARD_FILE, ONNX_FILE
from moviegenre.artifacts.onnx_export import export_onnx
from moviegenre.artifacts.torch_folder import write_exported
from moviegenre.core.operating_point import THRESHOLDS_FILE
from tests.tiny_checkpoints import POINT, tiny_checkpoint


@pytest.fixture
def exported(tmp_path: Path, bert_folder: Path) -> Path:
    """Return the folder of a tiny exported model."""
    folder = tmp_path / "exported"
    checkpoint = tiny_checkpoint("lstm", bert_folder)
    write_exported(folder, checkpoint, {})
    POINT.write(folder / THRESHOLDS_FILE)
    export_onnx(checkpoint, folder / ONNX_FILE)
    (folder / CARD_FILE).write_text("# A tiny model", encoding="utf-8")
    return folder


def test_a_served_model_answers_and_stops_politely(exported: Path) -> None:
    command = [sys.executable, "-m", "moviegenre.apps.cli", "serve", "--model", str(exported)]
    with subprocess.Popen(
        [*command, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert " answers at http://127.0.0.1:" in line, line
            address = line.split(" answers at ")[1].partition(";")[0]
            with httpx2.Client(base_url=address, timeout=60) as client:
                assert client.get("/readyz").json() == {"status": "ready"}
                answer = client.post("/predict", json={"plot": "secret of the ghost family"})
                assert answer.status_code == 200
                assert set(answer.json()["probabilities"]) == set(POINT.genres)
                assert answer.json()["modalities"] == ["plot"]
                about = client.get("/model").json()
                assert (about["backend"], about["card"]) == ("onnx", "# A tiny model")
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, log
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["path"] for line in lines if line["event"] == "request"] == [
        "/readyz",
        "/predict",
        "/model",
    ]
    assert "secret" not in log
