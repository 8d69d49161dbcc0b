"""Parsing a request's body into films, within the limits."""

import base64
import binascii
import codecs
import io
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from itertools import islice
from typing import Any

from fastapi import Request
from PIL import Image, UnidentifiedImageError
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from moviegenre.apps.service.errors import RequestError, validation_message
from moviegenre.apps.service.film_predictor import FilmInput
from moviegenre.apps.service.schemas import MAX_ATTRIBUTE, FilmRequest
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.core.errors import shortened
from moviegenre.data.json_text import RepeatedKeys, parse_json
from moviegenre.data.poster_formats import describe_other, kinds_text

JSON = "application/json"
FORM = "multipart/form-data"
_MAX_FIELDS = 8 + MAX_ATTRIBUTE  # the fields and the genres; unknown fields get their own message
_MAX_FILES = 8  # more than the one that is expected, so that the field can be named
_MAX_NAME_CHARS = 60  # of a client's field or encoding in a message
_MAX_NAMES = 2 * len(FilmRequest.model_fields)  # more than a film has, so an unknown one remains


class WholeFormParser(MultiPartParser):
    """Starlette's parser; it also refuses a form that is cut off within a part.

    Files stay in memory, which ``max_inflight_bytes`` bounds; the disk would have no bound.

    Args:
        headers: The request's headers.
        stream: The request's body.
        limits: The limits of Starlette's parser.
    """

    spool_max_size = 2**40

    def __init__(
        self, headers: Headers, stream: AsyncGenerator[bytes, None], **limits: int
    ) -> None:
        super().__init__(headers, self._checked(stream), **limits)
        self._is_complete = False

    def on_end(self) -> None:
        """Record that the last boundary was read."""
        self._is_complete = True

    async def _checked(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            yield chunk
        if not self._is_complete:
            raise MultiPartException("It is cut off before its last boundary.")


async def read_film(request: Request, settings: ServiceSettings) -> FilmInput:
    """Return the film of a request, from JSON or from a form.

    Raises:
        RequestError: The body is too large, too slow, of another media type, or invalid.
    """
    if check_media_type(request, JSON, FORM) == FORM:
        return await _read_form(request, settings)
    return _json_film(await read_json(request, settings), settings)


async def read_films(request: Request, settings: ServiceSettings) -> list[FilmInput | RequestError]:
    """Return the films of a request, with an error in place of each invalid film.

    Raises:
        RequestError: The body is too large, too slow, of another media type, no list, or has too
            few or too many films.
    """
    items = await read_json(request, settings)
    if not isinstance(items, list):
        raise RequestError(422, "the request is not a list; expected a list of films")
    if not 1 <= len(items) <= settings.max_films:
        raise RequestError(
            422, f"the request has {len(items):,} films; expected 1 to {settings.max_films:,}"
        )
    films: list[FilmInput | RequestError] = []
    for item in items:
        try:
            films.append(_json_film(item, settings))
        except RequestError as error:
            films.append(error)
    return films


async def read_json(request: Request, settings: ServiceSettings) -> object:
    """Return the JSON body of a request as Python objects.

    Raises:
        RequestError: The body is too large, too slow, of another media type, or no JSON.
    """
    check_media_type(request, JSON)
    async with aclosing(_chunks(request, settings)) as chunks:
        body = b"".join([chunk async for chunk in chunks]).removeprefix(codecs.BOM_UTF8)
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        reason = _json_fault(body, error)
        raise RequestError(400, f"the body is not valid JSON: {reason}") from None
    with suppress(ValueError):  # too many values for a film; it has its own message
        parsed = parse_json(body, keep_repeated=True, max_bytes=len(body))
        return _with_repeated(value, parsed)
    return value


def _with_repeated(value: object, parsed: object) -> object:
    """Return a value with objects of repeated keys, or in a list those films, as parsed."""
    if isinstance(value, list) and isinstance(parsed, list):
        return [_with_repeated(*pair) for pair in zip(value, parsed, strict=True)]
    return parsed if isinstance(parsed, RepeatedKeys) else value


def _json_fault(body: bytes, error: ValueError) -> str:
    """Return why a body is no JSON, without its content, which may be a private plot."""
    step = "send it in UTF-8"
    if not body.strip():
        return 'it is empty; send a film, such as {"plot": "..."}, or what /docs shows'
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in body[:2]:
        return f"it is in UTF-16 or UTF-32; {step}"
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as fault:
        return f"it is not in UTF-8 (byte {fault.start:,} is 0x{body[fault.start]:02x}); {step}"
    return f"{error}; send what /docs shows"


def check_media_type(request: Request, *expected: str) -> str:
    """Return the media type of a body.

    Raises:
        RequestError: The media type is not one of the expected ones, or is missing; or the body is
            encoded.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise RequestError(
            415,
            f"the body has the Content-Encoding {shortened(encoding, _MAX_NAME_CHARS)}; expected "
            "none; send the body as it is",
        )
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in expected:
        description = media_type or "of no stated kind"
        raise RequestError(415, f"the body is {description}; expected {' or '.join(expected)}")
    return media_type


async def _chunks(request: Request, settings: ServiceSettings) -> AsyncGenerator[bytes, None]:
    """Yield the parts of a body; count its size, because its head can be wrong.

    Raises:
        RequestError: The body is too large.
    """
    error = RequestError(
        413, f"the body is too large; expected at most {settings.max_body_bytes:,} bytes"
    )
    stated_size = request.headers.get("content-length", "")
    if stated_size.isdecimal() and int(stated_size) > settings.max_body_bytes:
        raise error
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > settings.max_body_bytes:
            raise error
        yield chunk


@asynccontextmanager
async def open_form(
    request: Request, settings: ServiceSettings, *, max_fields: int
) -> AsyncGenerator[FormData, None]:
    """Yield a form, whose files stay in memory.

    Args:
        request: The request; its body is multipart.
        settings: The limits.
        max_fields: The most parts that it may have besides files.

    Raises:
        RequestError: The body is too large, too slow, or no form.
    """
    async with aclosing(_chunks(request, settings)) as chunks:
        parser = WholeFormParser(
            request.headers,
            chunks,
            max_files=_MAX_FILES,
            max_fields=max_fields,
            max_part_size=settings.max_body_bytes,  # a long plot gets its own message
        )
        try:
            form = await parser.parse()
        except MultiPartException as error:
            if error.message.startswith("Too many files"):
                fault = f"the form has more than {_MAX_FILES} files; expected one"
                raise RequestError(422, fault) from None
            raise RequestError(400, f"the form cannot be parsed: {error.message}") from None
    try:
        yield form
    finally:
        await form.close()


async def _read_form(request: Request, settings: ServiceSettings) -> FilmInput:
    async with open_form(request, settings, max_fields=_MAX_FIELDS) as form:
        # An empty field of a form counts as missing.
        fields: dict[str, Any] = {
            name: value
            for name, value in form.items()
            if value != "" or name not in FilmRequest.model_fields
        }
        upload = fields.pop("poster", None)
        if isinstance(upload, str) and upload:
            raise RequestError(422, "the form's poster is text; expected a file")
        poster = None
        if isinstance(upload, UploadFile):
            poster = await upload.read()
            if not poster and not upload.filename:  # a browser's form without a chosen file
                poster = None
        other_values = (value for name, value in form.multi_items() if name != "poster")
        if any(isinstance(value, UploadFile) for value in other_values):
            raise RequestError(422, "the form has a file that is not its poster; expected poster")
        if attribute := [genre for genre in form.getlist("attribute") if genre]:
            fields["attribute"] = attribute
        if len(plots := form.getlist("plot")) > 1:
            fields["plot"] = plots
        film = _film_request(fields, strict=False)  # all values of a form are texts
        refuse_repeated(form, ("plot", "attribute"))
        return _film_input(film, poster, settings)


def refuse_repeated(form: FormData, repeatable: Sequence[str]) -> None:
    """Refuse a form with several values of a field that has one.

    Args:
        form: The form.
        repeatable: The fields that may have several values.

    Raises:
        RequestError: A field is repeated.
    """
    counts = Counter(name for name, _ in form.multi_items() if name not in repeatable)
    for name, number in counts.items():
        if number > 1:
            raise RequestError(
                422,
                f"the form has the field {shortened(name, _MAX_NAME_CHARS)} {number} times; "
                f"expected it once; only {' and '.join(repeatable)} may be repeated",
            )


def _json_film(value: object, settings: ServiceSettings) -> FilmInput:
    """Return a film from its JSON value.

    Every fault costs time and about 2 KB, so only the first fields of a large value are checked.

    Raises:
        RequestError: The value is not a valid film.
    """
    if isinstance(value, RepeatedKeys):
        raise RequestError(422, f"the film has {value.fault}")
    if isinstance(value, dict) and len(value) > _MAX_NAMES:
        value = dict(islice(value.items(), _MAX_NAMES))
    film = _film_request(value, strict=True)  # only the types of the OpenAPI document
    poster = None if film.poster is None else _decoded(film.poster)
    return _film_input(film, poster, settings)


def _film_request(value: object, *, strict: bool) -> FilmRequest:
    try:
        return FilmRequest.model_validate(value, strict=strict)
    except ValidationError as error:
        raise RequestError(422, validation_message(error, "the film")) from None


def _film_input(film: FilmRequest, poster: bytes | None, settings: ServiceSettings) -> FilmInput:
    plot = tuple(film.plot) if isinstance(film.plot, list) else film.plot
    check_plot("".join(plot or ()), settings)
    check_poster(poster, settings)
    attribute = tuple(dict.fromkeys(film.attribute))  # naming genres asks for an explanation
    explain = film.explain or bool(attribute)
    return FilmInput(plot, poster, explain, attribute, film.title, film.year)


def _decoded(poster: str) -> bytes:
    """Return the bytes of a base64 poster.

    Raises:
        RequestError: The text is not base64.
    """
    if poster.startswith("data:"):
        poster = poster.partition(",")[2]
    try:
        return base64.b64decode("".join(poster.split()), validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(422, "the poster is not base64; expected an encoded image") from None


def check_plot(plot: str, settings: ServiceSettings) -> None:
    """Check the length of a plot.

    Raises:
        RequestError: The plot is too long.
    """
    if len(plot) > settings.max_plot_chars:
        raise RequestError(
            422,
            f"the plot has {len(plot):,} characters; expected at most {settings.max_plot_chars:,}",
        )


def check_poster(poster: bytes | None, settings: ServiceSettings) -> None:
    """Check a poster by its head, without decoding it.

    Raises:
        RequestError: It has too many pixels, or is no image of an accepted kind.
    """
    if poster is None:
        return
    limit = f"expected at most {settings.max_poster_pixels:,}"
    try:
        with Image.open(io.BytesIO(poster), formats=settings.image_kinds) as image:
            width, height = image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise RequestError(422, f"the poster has far too many pixels; {limit}") from None
    except UnidentifiedImageError:
        expected = f"expected {kinds_text(settings.image_kinds)}"
        raise RequestError(415, f"the poster is {describe_other(poster)}; {expected}") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise RequestError(422, f"the poster cannot be decoded: {error}") from None
    if width * height > settings.max_poster_pixels:
        raise RequestError(422, f"the poster has {width:,} x {height:,} pixels; {limit}")
