"""The OpenAPI document against the service: requests made from it, good ones and bad ones."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from moviegenre.apps.service.schemas import TINY_POSTER
from moviegenre.apps.service.settings import ServiceSettings
from tests.security.served import served

LIMITS = ServiceSettings(max_wait_ms=0, max_plot_chars=200, max_films=4)
# A random text is no image: where the document asks for one, there is one.
schemathesis.openapi.format("byte", st.just(TINY_POSTER))
schemathesis.openapi.format("binary", st.just(base64.b64decode(TINY_POSTER)))


@pytest.fixture(scope="module")
def described() -> Iterator[Any]:
    """Return the document of a service that runs."""
    with served(LIMITS) as running:
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{running.port}/openapi.json")


@pytest.mark.parametrize("number", [12, pytest.param(100, marks=pytest.mark.torture)])
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_the_service_is_as_its_document_says(
    described: Any, mode: schemathesis.GenerationMode, number: int
) -> None:
    tried = 0
    for result in described.get_all_operations():
        operation = result.ok()
        if mode is schemathesis.GenerationMode.NEGATIVE and operation.method == "get":
            continue  # nothing in such a request could be wrong

        @settings(
            max_examples=number,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            # In a form everything is a text, so that a wrong type cannot be seen.
            is_form = case.media_type == "multipart/form-data"
            excluded = [negative_data_rejection] if is_form else []
            if case.operation.path == "/predict/table":  # no schema says which bytes are a table
                excluded.append(positive_data_acceptance)
            if case.operation.path == "/predict/batch":  # a bad film is answered in its place
                excluded.append(negative_data_rejection)
            case.call_and_validate(excluded_checks=excluded)

        ask()
        tried += 1
    assert tried >= 2
