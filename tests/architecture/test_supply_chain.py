"""What is installed is locked with hashes, and used under terms that were read."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from scripts import licences
from scripts.vulnerabilities import answers

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NOT_LOCKED = {"torch", "moviegenre"}  # torch's builds have other hashes; the other is this package


def _locked(name: str) -> dict[str, tuple[str, int]]:
    """Return version and number of hashes of each package in a lock."""
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / name).read_text("utf-8"), flags=re.M)[1:]
    found = {}
    for entry in entries:
        package, version = re.match(r"(\S+)==(\S+)", entry).groups()  # type: ignore[union-attr]
        found[package] = (version, entry.count("--hash=sha256:"))
    return found


def _wanted(extra: str) -> list[Requirement]:
    """Return the requirements of an extra and of the package itself, other extras followed."""
    direct = [Requirement(line) for line in PROJECT["optional-dependencies"][extra]]
    own = [found for found in direct if found.name == "moviegenre"]
    followed = [found for one in own for name in one.extras for found in _wanted(name)]
    needed = [Requirement(line) for line in PROJECT["dependencies"]]
    return [found for found in [*direct, *followed, *needed] if found.name not in NOT_LOCKED]


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("requirements.lock", ["dev"]), ("requirements-serve.lock", ["page", "serve"])],
)
def test_the_lock_satisfies_the_project(lock: str, extras: list[str]) -> None:
    locked = _locked(lock)
    unmet = {
        str(wanted)
        for extra in extras
        for wanted in _wanted(extra)
        if not wanted.specifier.contains(locked.get(canonicalize_name(wanted.name), ("0",))[0])
    }
    assert unmet == set(), "pyproject.toml has changed; run make lock"


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-serve.lock", "requirements-build.lock"]
)
def test_everything_locked_has_hashes_and_one_version(lock: str) -> None:
    locked, everything = _locked(lock), _locked("requirements.lock")
    assert min(hashes for _, hashes in locked.values()) > 0
    assert {name: everything[name] for name in locked} == locked
    assert NOT_LOCKED & set(locked) == set()


def test_setup_and_the_container_install_what_is_locked() -> None:
    makefile, container = ((ROOT / name).read_text("utf-8") for name in ("Makefile", "Dockerfile"))
    assert "--require-hashes --no-deps --only-binary :all: -r requirements.lock" in makefile
    for lock in ("requirements-serve.lock", "requirements-build.lock"):
        assert re.search(rf"--require-hashes --no-deps[^&]*-r {lock}", container)
        assert f"!{lock}\n" in (ROOT / ".dockerignore").read_text("utf-8")
    commands = re.split(r"&&|\n", container.replace("\\\n", ""))
    others = [c for c in commands if "pip install" in c and "--require-hashes" not in c]
    assert [c.split()[-1] for c in others] == ["/wheel/*.whl"]
    serve = _locked("requirements-serve.lock")
    assert {"torch", "transformers", "lightning", "sympy"} & set(serve) == set()


def test_continuous_integration_runs_the_same_commands() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    jobs = yaml.safe_load(text)["jobs"].values()
    steps = [step for job in jobs for step in job["steps"]]
    assert [step["run"] for step in steps if "run" in step] == [
        "make test",
        "make audit AUDIT=--required",
    ]
    actions = [step["uses"] for step in steps if "uses" in step]
    assert [name for name in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)] == []


def test_every_licence_is_accepted_and_the_page_is_current(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["licences.py", "--check"])
    licences.main()
    assert "no fault" in capsys.readouterr().out


def test_a_licence_that_nobody_answered_is_named() -> None:
    found = {"mild": "MIT AND Apache-2.0 WITH LLVM-exception", "strict": "MIT OR GPL-3.0"}
    (line,) = licences.faults(found, found)
    assert line.startswith("strict has the licence 'MIT OR GPL-3.0'; expected none but")
    assert "read the terms of GPL-3.0 and answer them" in line


def test_an_answer_holds_for_one_licence() -> None:
    assert licences.faults(["certifi"], {"certifi": "MPL-2.0"}) == []
    (line,) = licences.faults(["certifi"], {"certifi": "UNKNOWN"})
    assert line.startswith("certifi has the licence 'UNKNOWN'")


def test_a_package_that_is_not_installed_is_named() -> None:
    assert licences.faults(["absent"], {}) == ["absent is locked but not installed; run make setup"]


def test_a_package_that_was_not_looked_up_does_not_count_as_sound() -> None:
    output = """{"dependencies": [
        {"name": "sound", "version": "1", "vulns": []},
        {"name": "broken", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": []}]},
        {"name": "unknown", "skip_reason": "not found"}]}"""
    assert answers(output) == {
        "sound 1": [],
        "broken 2": [{"id": "CVE-1", "fix_versions": []}],
        "unknown": None,
    }
    assert answers("") == {}
