"""Which settings make a training another one."""

from typing import Any

import pytest

from moviegenre.experiment.runs import differing_settings


def settings(**data: object) -> dict[str, Any]:
    values: dict[str, object] = {
        "dir": "a",
        "plot": "first",
        "max_tokens": 64,
        "image_size": [96, 64],
    }
    return {"data": values | data, "training": {"seed": 0}}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("cnn", ["data.image_size"]),
        ("bert", ["data.plot", "data.max_tokens"]),
        ("late_fusion", ["data.plot", "data.max_tokens", "data.image_size"]),
        ("prior", []),
    ],
)
def test_what_a_model_does_not_look_at_is_no_difference(model: str, expected: list[str]) -> None:
    run = {"model": model, "settings": settings()}
    other = settings(dir="b", plot="longest", max_tokens=128, image_size=[224, 160])
    assert differing_settings(run, other) == expected


def test_another_seed_and_a_missing_section_are_differences() -> None:
    run = {"model": "cnn", "settings": settings()}
    assert differing_settings(run, settings() | {"training": {"seed": 1}}) == ["training.seed"]
    assert differing_settings(run, settings() | {"loss": {"name": "bce"}}) == ["loss.name"]
    assert differing_settings(run, settings()) == []
