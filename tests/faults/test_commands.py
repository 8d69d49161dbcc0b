"""Every call on files of every command, failing: one line, nothing lost, and the same run again.

``make torture`` lets every call of the quick commands fail once and samples the slow ones; with
FAULTS=all every call of every command fails in every way, which takes hours. FAULT_SEED chooses
other samples, FAULT_SAMPLE=20 takes so many of each.
"""

import os
import random
from pathlib import Path

import pytest

from tests.faults.faulty_calls import KILL
from tests.faults.laboratory import Laboratory, WarmProcess
from tests.faults.worlds import COMMANDS

SEED = int(os.environ.get("FAULT_SEED", "0"))
ALL = os.environ.get("FAULTS") == "all"
SAMPLE = int(os.environ.get("FAULT_SAMPLE", "1000000"))
SAMPLES = {"train": 60, "compare": 12, "reproduce": 12, "export": 60}
KILLS = {"compare": 4, "reproduce": 6, "train": 12, "export": 12}
MOMENTS = {"prepare --overwrite": 16, "train": 10, "predict csv": 16, "export": 10}

pytestmark = pytest.mark.torture


def report(name: str, tried: int, faults: list[str]) -> None:
    """Print how many held, for docs/reliability.md, and fail if one did not."""
    print(f"\n{name}: {tried} tried, {tried - len(faults)} held")
    assert not faults, "\n".join(faults)


@pytest.fixture
def laboratory(
    request: pytest.FixtureRequest, warm_process: WarmProcess, fast_folder: Path, bert_folder: Path
) -> Laboratory:
    """Return the laboratory of a command."""
    return Laboratory(warm_process, COMMANDS[request.param], fast_folder, bert_folder)


@pytest.mark.parametrize("laboratory", COMMANDS, indirect=True)
def test_calls_that_fail(laboratory: Laboratory) -> None:
    name = laboratory.command.name
    chosen = laboratory.faults if ALL else laboratory.rotated(SEED)
    if not ALL:
        limit = min(SAMPLES.get(name, len(chosen)), SAMPLE, len(chosen))
        chosen = random.Random(SEED).sample(chosen, limit)
    verdicts = [laboratory.verdict(at, kind) for at, kind in chosen]
    report(f"{name}, failing calls", len(chosen), [found for found in verdicts if found])


@pytest.mark.parametrize("laboratory", COMMANDS, indirect=True)
def test_kills_at_calls(laboratory: Laboratory) -> None:
    name, total = laboratory.command.name, len(laboratory.clean.calls)
    chosen = list(range(1, total + 1))
    if not ALL:
        chosen = random.Random(SEED).sample(chosen, min(KILLS.get(name, 30), SAMPLE, total))
    verdicts = [laboratory.verdict(at, KILL) for at in chosen]
    report(f"{name}, kills at calls", len(chosen), [found for found in verdicts if found])


@pytest.mark.parametrize("laboratory", MOMENTS, indirect=True)
def test_kills_at_random_moments(laboratory: Laboratory) -> None:
    name = laboratory.command.name
    random_ = random.Random(SEED)
    moments = [random_.uniform(0, laboratory.clean.seconds) for _ in range(MOMENTS[name])]
    verdicts = [laboratory.verdict(None, KILL, moment) for moment in moments]
    report(f"{name}, kills at moments", len(moments), [found for found in verdicts if found])
