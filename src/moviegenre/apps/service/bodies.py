"""From a request's body to films, within the limits."""

import asyncio
import base64
import binascii
import io
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from fastapi import Request
from PIL import Image, UnidentifiedImageError
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException

from moviegenre.apps.service.answering import Question
from moviegenre.apps.service.forms import WholeFormParser
from moviegenre.apps.service.refusals import (
    BAD_REQUEST,
    TIMED_OUT,
    TOO_LARGE,
    UNFIT,
    WRONG_KIND,
    Refusal,
    sentence,
)
from moviegenre.apps.service.schemas import MAX_ATTRIBUTE, FilmRequest
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.data.poster_formats import describe_other, kinds_text

T = TypeVar("T")

_JSON = "application/json"
FORM = "multipart/form-data"
_MAX_FIELDS = 8 + MAX_ATTRIBUTE  # three and the genres; other names get a sentence of their own
_MAX_NAMES = 2 * len(FilmRequest.model_fields)  # more than a film has, so one is always refused


async def read_film(request: Request, settings: ServiceSettings) -> Question:
    """Return the film of a request, from JSON or from a form.

    Raises:
        Refusal: It is too large, too slow, of another kind, or not as expected.
    """
    kind = kind_of(request)
    if kind == FORM:
        return await _read_form(request, settings)
    if kind == _JSON:
        body = await _within(settings, _read_all(request, settings))
        return question_of(_film(_parsed_json(body), "the film"), settings)
    raise Refusal(
        WRONG_KIND, f"the body is {kind or 'of no stated kind'}; expected {_JSON} or {FORM}"
    )


async def read_films(request: Request, settings: ServiceSettings) -> list[Question | Refusal]:
    """Return the films of a request; one that is not as expected does not spoil the others.

    Raises:
        Refusal: The request is too large, too slow, of another kind, or no list of so many films.
    """
    items = await read_json(request, settings)
    if not isinstance(items, list):
        raise Refusal(UNFIT, "the list of films is not as expected: Input should be a valid array")
    if not 1 <= len(items) <= settings.max_films:
        raise Refusal(
            UNFIT, f"the request has {len(items):,} films; expected 1 to {settings.max_films:,}"
        )
    questions: list[Question | Refusal] = []
    for item in items:
        try:
            questions.append(question_of(_film(item, "the film"), settings))
        except Refusal as refusal:
            questions.append(refusal)
    return questions


async def read_json(request: Request, settings: ServiceSettings) -> object:
    """Return the JSON body of a request as Python has it.

    Raises:
        Refusal: It is too large, too slow, of another kind, or no JSON.
    """
    kind = kind_of(request)
    if kind != _JSON:
        raise Refusal(WRONG_KIND, f"the body is {kind or 'of no stated kind'}; expected {_JSON}")
    return _parsed_json(await _within(settings, _read_all(request, settings)))


def question_of(film: FilmRequest, settings: ServiceSettings) -> Question:
    """Return a film as the model is asked about it.

    Raises:
        Refusal: Its plot is too long, or its poster is too large or no image of a kind taken.
    """
    poster = None if film.poster is None else _decoded(film.poster)
    return _question(film, poster, settings)


def _question(film: FilmRequest, poster: bytes | None, settings: ServiceSettings) -> Question:
    attribute = tuple(dict.fromkeys(film.attribute))  # naming genres asks for an explanation
    question = checked_question(film.plot, poster, film.explain or bool(attribute), settings)
    return replace(question, attribute=attribute, title=film.title, year=film.year)


def kind_of(request: Request) -> str:
    """Return the media type that a body is said to have; empty where none is stated."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _within(settings: ServiceSettings, reading: Coroutine[None, None, T]) -> T:
    """Wait for a body.

    Raises:
        Refusal: It takes too long.
    """
    try:
        async with asyncio.timeout(settings.upload_seconds):
            return await reading
    except TimeoutError:
        raise Refusal(
            TIMED_OUT, f"the body did not arrive within {settings.upload_seconds:g} seconds"
        ) from None


async def _chunks(request: Request, settings: ServiceSettings) -> AsyncGenerator[bytes, None]:
    """Yield a body and stop where it becomes too large, whatever its head says.

    Raises:
        Refusal: It is too large.
    """
    refusal = Refusal(
        TOO_LARGE, f"the body is too large; expected at most {settings.max_body_bytes:,} bytes"
    )
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > settings.max_body_bytes:
        raise refusal
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > settings.max_body_bytes:
            raise refusal
        yield chunk


async def _read_all(request: Request, settings: ServiceSettings) -> bytes:
    async with aclosing(_chunks(request, settings)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def form_of(request: Request, settings: ServiceSettings, *, max_fields: int) -> FormData:
    """Return a form of at most one file, which has no name on the disk; to be closed.

    Args:
        request: Its body is multipart.
        settings: The limits.
        max_fields: How many parts it may have beside the file.

    Raises:
        Refusal: It is too large, too slow, or no form.
    """
    return await _within(settings, _parsed(request, settings, max_fields))


async def _parsed(request: Request, settings: ServiceSettings, max_fields: int) -> FormData:
    async with aclosing(_chunks(request, settings)) as chunks:
        parser = WholeFormParser(
            request.headers,
            chunks,
            max_files=1,
            max_fields=max_fields,
            max_part_size=settings.max_body_bytes,  # a long plot gets its own sentence
        )
        try:
            return await parser.parse()
        except MultiPartException as error:
            raise Refusal(BAD_REQUEST, f"the form cannot be parsed: {error.message}") from None


async def _read_form(request: Request, settings: ServiceSettings) -> Question:
    form = await form_of(request, settings, max_fields=_MAX_FIELDS)
    try:
        fields: dict[str, Any] = dict(form.items())
        upload = fields.pop("poster", None)
        if isinstance(upload, str) and upload:
            raise Refusal(UNFIT, "the form's poster is text; expected a file")
        poster = await upload.read() if isinstance(upload, UploadFile) else b""
        others = (value for name, value in form.multi_items() if name != "poster")
        if any(isinstance(value, UploadFile) for value in others):
            raise Refusal(UNFIT, "the form has a file that is not its poster; expected poster")
        if "attribute" in fields:
            fields["attribute"] = form.getlist("attribute")
        try:
            film = FilmRequest.model_validate(fields)
        except ValidationError as error:
            raise Refusal(UNFIT, sentence(error, "the film")) from None
        # A browser sends an empty file where none was chosen.
        return _question(film, poster or None, settings)
    finally:
        await form.close()


def _parsed_json(body: bytes) -> object:
    """Return a JSON body as Python has it.

    Raises:
        Refusal: It is no JSON.
    """
    try:
        return from_json(body)
    except ValueError:
        raise Refusal(BAD_REQUEST, "the body is not valid JSON") from None


def _film(value: object, where: str) -> FilmRequest:
    """Return a JSON value as a film.

    Every fault costs time and about 2 KB, so a value has few of them, whatever its size.

    Raises:
        Refusal: It is something else.
    """
    if isinstance(value, dict) and len(value) > _MAX_NAMES:
        value = dict(islice(value.items(), _MAX_NAMES))
    try:
        # Strict, so that what is taken is what the document says; a form has texts only.
        return FilmRequest.model_validate(value, strict=True)
    except ValidationError as error:
        raise Refusal(UNFIT, sentence(error, where)) from None


def _decoded(poster: str) -> bytes:
    """Return the bytes of a base64 poster.

    Raises:
        Refusal: It is no base64.
    """
    if poster.startswith("data:"):
        poster = poster.partition(",")[2]
    try:
        return base64.b64decode("".join(poster.split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(UNFIT, "the poster is not base64; expected an encoded image") from None


def checked_question(
    plot: str | None, poster: bytes | None, explain: bool, settings: ServiceSettings
) -> Question:
    """Return a film that is within the limits.

    Raises:
        Refusal: It is not.
    """
    if plot is not None and len(plot) > settings.max_plot_chars:
        raise Refusal(
            UNFIT,
            f"the plot has {len(plot):,} characters; expected at most {settings.max_plot_chars:,}",
        )
    if poster is not None:
        _check_poster(poster, settings)
    return Question(plot, poster, explain)


def _check_poster(poster: bytes, settings: ServiceSettings) -> None:
    """Check a poster by its head, without decoding it.

    Raises:
        Refusal: It has too many pixels, or is no image of a kind that is taken.
    """
    limit = f"expected at most {settings.max_poster_pixels:,}"
    try:
        with Image.open(io.BytesIO(poster), formats=settings.image_kinds) as image:
            width, height = image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refusal(UNFIT, f"the poster has far too many pixels; {limit}") from None
    except UnidentifiedImageError:
        expected = f"expected {kinds_text(settings.image_kinds)}"
        raise Refusal(WRONG_KIND, f"the poster is {describe_other(poster)}; {expected}") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise Refusal(UNFIT, f"the poster cannot be decoded: {error}") from None
    if width * height > settings.max_poster_pixels:
        raise Refusal(UNFIT, f"the poster has {width:,} x {height:,} pixels; {limit}")
