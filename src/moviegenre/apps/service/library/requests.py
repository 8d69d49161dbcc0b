"""The data of requests about the library: words and numbers, never a path."""

from typing import Annotated, Any, Literal, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, FailFast, Field, RootModel, ValidationError

from moviegenre.apps.service.errors import RequestError, validation_message
from moviegenre.apps.service.request_parsing import read_json
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.genre_mapping import OWN_NAMES, read_names
from moviegenre.data.json_text import RepeatedKeys
from moviegenre.library.plan import Mode, Options

_MAX_FILMS = 1_000_000

T = TypeVar("T", bound=BaseModel)


class PreviewRequest(BaseModel):
    """Options of a preview."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["missing", "add", "replace"] = Field(
        default="missing",
        description="`missing`: only films without genres. `add`: keep existing genres. "
        "`replace`: replace existing genres.",
    )
    most: int = Field(
        default=3, ge=1, le=100, description="Maximum number of predicted genres per film."
    )
    names: Literal["model", "tmdb", "imdb"] = Field(
        default="model", description="The genre names to write."
    )
    lock: bool = Field(default=False, description="Also add Genres to Jellyfin's lockedfields.")
    from_poster: bool = Field(
        default=False, description="Also write genres predicted from the poster alone."
    )

    @property
    def options(self) -> Options:
        """The options in the library's form."""
        names = OWN_NAMES if self.names == "model" else read_names(self.names)
        return Options(Mode(self.mode), self.most, names, self.lock, self.from_poster)


class FilmIds(RootModel[list[int]]):
    """Ids of films."""

    root: Annotated[list[Annotated[int, Field(ge=1, le=_MAX_FILMS)]], FailFast()] = Field(
        min_length=1, max_length=_MAX_FILMS
    )


class WriteRequest(BaseModel):
    """The films of a preview to write."""

    model_config = ConfigDict(extra="forbid")

    preview: str = Field(
        max_length=100, description="The preview's id, from the answer of `POST /library/preview`."
    )
    films: Literal["all"] | FilmIds = Field(
        description="The ids of films in that preview, or `all` for every film that would change."
    )

    @property
    def ids(self) -> list[int] | None:
        """The films by their ids; None for all."""
        return self.films.root if isinstance(self.films, FilmIds) else None


class UndoRequest(BaseModel):
    """An empty object."""

    model_config = ConfigDict(extra="forbid")


class LibraryAnswer(BaseModel):
    """The library that is served."""

    name: str = Field(description="The name of the library's folder.")
    can_undo: bool = Field(description="Whether there are changes to undo.")


LINES: dict[str, Any] = {
    "description": "One JSON object per line: `{type: start, ...}`, then `{type: films, done, "
    "films}` or `{type: progress, done, total}`, last `{type: end, ...}`, or `{type: error, "
    "error}` if it ended early.",
    "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
}


async def read_request(request: Request, settings: ServiceSettings, kind: type[T]) -> T:
    """Return the JSON body of a request.

    Raises:
        RequestError: The body is too large, too slow, of another media type, or invalid.
    """
    value = await read_json(request, settings)
    if isinstance(value, RepeatedKeys):
        raise RequestError(422, f"the request has {value.fault}")
    try:
        return kind.model_validate(value, strict=True)
    except ValidationError as error:
        raise RequestError(422, validation_message(error, "the request")) from None


def body_of(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the OpenAPI schema of a request's body."""
    content = {"application/json": {"schema": kind.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}
