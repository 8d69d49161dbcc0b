"""Error responses: JSON of one form, one clear sentence, never a traceback."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from moviegenre.core.faults import fault_message

STOPPING = "the service is stopping; try again later"


class RequestError(Exception):
    """A request that gets an error in place of a prediction.

    Args:
        status: HTTP status.
        message: One sentence: what was found, what is expected.
        headers: Headers in addition to the usual ones.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers

    def response(self) -> JSONResponse:
        """Return the error as JSON."""
        return JSONResponse({"error": self.message}, self.status, self.headers)


def validation_message(error: ValidationError | RequestValidationError, subject: str) -> str:
    """Return the faults that pydantic found, without the values, which may be private plots.

    Args:
        error: The error that pydantic raised.
        subject: The name of the validated object, such as "the film".
    """
    faults = []
    for fault in error.errors():
        field = ".".join(str(part) for part in fault["loc"])
        is_unknown = fault["type"] == "extra_forbidden"
        message = "unknown field (/docs lists them)" if is_unknown else fault_message(fault)
        faults.append(f"{field}: {message}" if field else message)
    return f"{subject} is invalid: {'; '.join(faults[:5])}"


def add_error_handlers(app: FastAPI) -> None:
    """Make an app answer all errors with JSON of one form."""

    @app.exception_handler(RequestError)
    async def request_error(_request: Request, error: RequestError) -> JSONResponse:
        return error.response()

    @app.exception_handler(RequestValidationError)
    async def validation_error(_request: Request, error: RequestValidationError) -> JSONResponse:
        return RequestError(422, validation_message(error, "the request")).response()

    @app.exception_handler(HTTPException)
    async def http_exception(request: Request, error: HTTPException) -> JSONResponse:
        messages = {
            404: "there is nothing at this address; /docs lists all addresses",
            405: f"this address does not accept {request.method}; /docs lists what it accepts",
        }
        message = messages.get(error.status_code, str(error.detail))
        return RequestError(error.status_code, message, error.headers).response()
