"""Errors about wrong values say in plain words what is expected."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from moviegenre.core.faults import fault_message


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    x: int


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (int, "x", "expected a whole number"),
        (int, 1.5, "expected a whole number"),
        (int, None, "expected a whole number"),
        (int, "9" * 5000, "expected a smaller whole number"),
        (float, "x", "expected a number"),
        (Annotated[float, Field(allow_inf_nan=False)], float("nan"), "expected a finite number"),
        (bool, "perhaps", "expected true or false"),
        (str, 3, "expected a text"),
        (list[int], 3, "expected a list"),
        (tuple[int, int], 3, "expected a list"),
        (dict[str, int], 3, "expected a mapping of names to values"),
        (Point, 3, "expected a mapping of names to values"),
        (Annotated[int, Field(gt=2)], 2, "expected more than 2"),
        (Annotated[int, Field(ge=2)], 1, "expected at least 2"),
        (Annotated[float, Field(lt=1)], 1, "expected less than 1"),
        (Annotated[float, Field(le=0.5)], 1, "expected at most 0.5"),
        (Annotated[int, Field(multiple_of=8)], 9, "expected a multiple of 8"),
        (Annotated[list[int], Field(min_length=2)], [1], "expected at least 2 of them (found 1)"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "expected at most 1 of them (found 2)"),
        (Annotated[str, Field(min_length=1)], "", "expected a text of at least 1 characters"),
        (Annotated[str, Field(max_length=2)], "abc", "expected a text of at most 2 characters"),
        (Colour, "green", "expected 'red' or 'blue'"),
        (Literal["a", "b"], "c", "expected 'a' or 'b'"),
        (Point, {}, "missing"),
    ],
)
def test_the_message_says_what_is_expected(kind: Any, value: object, message: str) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(kind).validate_python(value)
    assert fault_message(error.value.errors()[0]) == message
