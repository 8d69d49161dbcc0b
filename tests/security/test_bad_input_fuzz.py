"""What fuzzing found stays found, and every fuzzer starts from sound inputs."""

from pathlib import Path

import pytest

from tests.security.fuzz.seeds import seeds
from tests.security.fuzz.targets import TARGETS

CASES = sorted((Path(__file__).parent / "fuzz/cases").glob("*/*"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_a_finding_is_answered_with_an_error_for_users(case: Path) -> None:
    TARGETS[case.parent.name](case.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_sound_and_cut_inputs_are_read(target: str) -> None:
    found = seeds(target)
    assert len(found) > 3
    for seed in found:
        TARGETS[target](seed)
        TARGETS[target](seed[: len(seed) * 2 // 3])
