"""Answers that are no predictions: one JSON shape, one clear sentence, never a traceback."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

BAD_REQUEST = 400
NO_KEY = 401
FORBIDDEN = 403
NOT_FOUND = 404
TIMED_OUT = 408
CONFLICT = 409
TOO_LARGE = 413
WRONG_KIND = 415
MISDIRECTED = 421
UNFIT = 422
TOO_MANY = 429
FAILED = 500
BUSY = 503
TOO_LATE = 504


class Refusal(Exception):
    """A request that is not answered with a prediction.

    Args:
        status: HTTP status.
        message: One sentence: what was found, what is expected.
        headers: Beside the usual ones.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def error_answer(
    status: int, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return the shape that all errors have."""
    return JSONResponse({"error": message}, status_code=status, headers=dict(headers or {}))


def sentence(error: ValidationError | RequestValidationError, where: str) -> str:
    """Say all that pydantic found wrong, without the values, which may be somebody's plots.

    Args:
        error: What pydantic raised.
        where: What it is about, as in "the film".
    """
    faults = []
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        unknown = fault["type"] == "extra_forbidden"
        told = "unknown field (/docs lists them)" if unknown else fault["msg"]
        faults.append(f"{place}: {told}" if place else told)
    return f"{where} is not as expected: {'; '.join(faults[:5])}"


def add_refusals(app: FastAPI) -> None:
    """Make an app answer every refusal in the one shape."""

    @app.exception_handler(Refusal)
    async def refused(_request: Request, error: Refusal) -> JSONResponse:
        return error_answer(error.status, error.message, error.headers)

    @app.exception_handler(RequestValidationError)
    async def unfit(_request: Request, error: RequestValidationError) -> JSONResponse:
        return error_answer(UNFIT, sentence(error, "the request"))

    @app.exception_handler(HTTPException)
    async def raised(request: Request, error: HTTPException) -> JSONResponse:
        messages = {
            404: "there is nothing at this address; /docs lists what there is",
            405: f"this address does not take {request.method}; /docs lists what it takes",
        }
        message = messages.get(error.status_code, str(error.detail))
        return error_answer(error.status_code, message, error.headers)
