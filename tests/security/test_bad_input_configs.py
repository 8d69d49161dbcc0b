"""Settings that cannot be meant: one line that lists them, before anything is computed."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import annotated_types
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from moviegenre.core.config import apply_overrides, read_yaml
from moviegenre.core.errors import ConfigError, DataError
from moviegenre.data.config import DataConfig
from moviegenre.data.prepare import open_source
from moviegenre.data.sources.download import download
from moviegenre.experiment.config import PrepareConfig, load_experiment, load_suite
from moviegenre.losses import (
    AsymmetricConfig,
    BCEConfig,
    FocalConfig,
    WeightedBCEConfig,
)
from moviegenre.models.encoders.plot import PlotEncoderConfig
from moviegenre.models.encoders.poster import PosterEncoderConfig
from moviegenre.models.registry import MODELS
from moviegenre.studies.ensembles.settings import CombiningConfig
from moviegenre.training.config import TrainingConfig

CONFIGS: list[type[BaseModel]] = [
    *(DataConfig, PrepareConfig, TrainingConfig, CombiningConfig),
    *(BCEConfig, WeightedBCEConfig, FocalConfig, AsymmetricConfig),
    *(PlotEncoderConfig, PosterEncoderConfig),
    *MODELS.values(),
]


def numbers(annotation: Any, metadata: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the bounds of every number in a field's type."""
    if annotation in (int, float):
        yield metadata
    elif get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        flat = [part for one in more for part in getattr(one, "metadata", [one])]
        yield from numbers(inner, (*metadata, *flat))
    elif get_origin(annotation) in (tuple, list, Union, UnionType):
        for part in get_args(annotation):
            yield from numbers(part, metadata)


def is_bounded(metadata: tuple[Any, ...]) -> bool:
    lower = any(isinstance(part, annotated_types.Ge | annotated_types.Gt) for part in metadata)
    upper = any(isinstance(part, annotated_types.Le | annotated_types.Lt) for part in metadata)
    return lower and upper


def test_every_number_of_every_setting_has_a_range() -> None:
    found = 0
    for config in CONFIGS:
        for name, field in config.model_fields.items():
            for metadata in numbers(field.annotation, tuple(_own(field))):
                found += 1
                assert is_bounded(metadata), f"{config.__name__}.{name} has no range"
    assert found > 60


def _own(field: FieldInfo) -> list[Any]:
    return [part for part in field.metadata if not isinstance(part, annotated_types.Len)]


BOMBS = {
    "laughs": (
        "a: &a [1,1,1,1,1,1,1,1,1]\n"
        + "".join(
            f"{name}: &{name} [{','.join(['*' + last] * 9)}]\n"
            for last, name in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "more than 50,000 values, including those of aliases",
    ),
    "merges": (
        "a: &a {x: 1, y: 2}\n"
        + "".join(
            f"{name}: &{name}\n  <<: [{','.join(['*' + last] * 9)}]\n"
            for last, name in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "more than 50,000 values, including those of aliases",
    ),
    "a circle": ("a: &a [*a]", "an alias refers to a value that contains it"),
    "deep lists": ("[" * 100_000, "nested more than 50 levels deep"),
    "deep blocks": ("- " * 50_000 + "1", "nested more than 50 levels deep"),
    "digits": ("training: {seed: " + "9" * 5000 + "}", "Exceeds the limit"),
    "a date": ("training: {seed: 2024-99-99}", "month must be in 1..12"),
    "no number": ("a: !!float ''", "a value cannot be read: "),
    "a key": ("!!int : 3", "a value cannot be read: "),
    "code": ("a: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
    "NUL": ("a: \0", "it has characters that are no text"),
    "long": ("#" * (1 << 21), "2,097,152 characters long, expected at most 1,048,576"),
}


@pytest.mark.parametrize(("text", "fault"), BOMBS.values(), ids=BOMBS)
def test_yaml_that_would_grow_is_refused_at_once(text: str, fault: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    start = time.process_time()
    with pytest.raises(ConfigError) as error:
        read_yaml(path)
    assert time.process_time() - start < 5
    assert f"{path} is not valid YAML: " in str(error.value)
    assert fault in str(error.value)
    assert "\n" not in str(error.value)


def test_aliases_that_are_meant_are_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("a: &a {x: 1}\nb: {<<: *a, y: 2}\n")
    assert read_yaml(path) == {"a": {"x": 1}, "b": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("override", "fault"),
    [
        ("training.seed=4294967296", "expected at most 4294967295 (found 4294967296)"),
        ("training.seed=-1", "expected at least 0 (found -1)"),
        ("training.seed=0x" + "f" * 5000, "(found a number of thousands of digits)"),
        ("training.head_lr=.nan", "a finite number (found nan)"),
        ("training.head_lr=.inf", "a finite number (found inf)"),
        ("training.gradient_clip=.inf", "a finite number (found inf)"),
        ("training.warmup_share=-0.1", "expected at least 0"),
        ("training.batch_size=99999999999999999999", "expected at most 65536"),
        ("loss.max_weight=.nan", "a finite number (found nan)"),
        ("model.hidden_dim=1000000000", "expected at most 4096"),
        ("model.num_layers=100000", "expected at most 16"),
        ("model.dropout=1", "less than 1"),
        ("model.x" + "y" * 100_000 + "=1", "unknown setting 'xyyy"),
        ("training.precision=" + "x" * 100_000, "(100,002 characters)"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_one_line(override: str, fault: str) -> None:
    override = override.replace("loss.", "loss.name=weighted_bce;loss.")
    with pytest.raises(ConfigError) as error:
        load_experiment(None, "lstm", override.split(";"))
    assert fault in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 1500


def test_weights_that_no_memory_holds_are_counted_before_they_are_made() -> None:
    given = ["model.max_words=2000000", "model.embedding_dim=4096"]
    with pytest.raises(ConfigError, match=r"make 8,196,327,424 weights; expected at most 200,"):
        load_experiment(None, "lstm", given)


def test_all_faults_are_listed_up_to_a_number(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("training: {seed: -1, max_epochs: 0}\ndata: {max_tokens: 1}\n")
    with pytest.raises(ConfigError) as error:
        load_suite(path)
    assert str(error.value).count("setting '") == 3
    path.write_text("\n".join(f"key{number}: 1" for number in range(1000)))
    with pytest.raises(ConfigError, match=r"and 980 more faults$"):
        load_suite(path)


def test_an_override_that_would_grow_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"the value is not valid YAML: nested more than 50"):
        apply_overrides({}, ["a=" + "[" * 10_000])


@pytest.mark.parametrize(
    "url",
    [
        *("http://[::1", "http://", "http:///movies.tar", "https://host:99999/x.tar"),
        *("http://host:x/y", "http://host/a b", "http://host/\nx", "http://host/\0"),
    ],
)
def test_an_address_that_is_none_is_one_line(url: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no address") as error:
        download(url, tmp_path, progress=False)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("source", ["file:///etc/passwd", "ftp://host/x.tar", "s3://x"])
def test_only_http_is_fetched(source: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no http or https address"):
        open_source(source, tmp_path)


@pytest.mark.parametrize("source", ["~nobody-of-that-name/x", "a\0b", "x" * 5000])
def test_a_source_that_cannot_be_is_one_line(source: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist; expected a source of movies"):
        open_source(source, tmp_path)
