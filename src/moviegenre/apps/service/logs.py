"""The log on standard error: one JSON object a line, or readable lines on a terminal."""

import json
import logging
import logging.config
import sys
from datetime import UTC, datetime
from typing import Any

from moviegenre.apps.messages import StderrHandler
from moviegenre.core.errors import printable

LOGGER = "moviegenre.service"


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON: time, level, event, fields, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class ReadableFormatter(logging.Formatter):
    """Writes a record for people: time, level, event, fields, and a traceback below."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; text of a client cannot move the cursor or begin a new line."""
        fields = getattr(record, "fields", {})
        parts = [record.getMessage(), *(f"{name}={value}" for name, value in fields.items())]
        time = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        line = f"{time} {record.levelname.lower():<7} {printable(' '.join(parts))}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def log_event(level: int, event: str, *, error: BaseException | None = None, **fields: Any) -> None:  # noqa: ANN401 - whatever JSON takes
    """Log an event of the service."""
    logging.getLogger(LOGGER).log(level, event, exc_info=error, extra={"fields": fields})


def log_config(*, for_people: bool = False) -> dict[str, Any]:
    """Return settings for ``logging.config.dictConfig``: one format for every logger.

    Args:
        for_people: Write readable lines instead of JSON.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}, "readable": {"()": ReadableFormatter}},
        "handlers": {
            "stderr": {
                "()": StderrHandler,
                "formatter": "readable" if for_people else "json",
            }
        },
        "loggers": {
            "moviegenre": {"level": "INFO"},
            "uvicorn": {"level": "INFO"},
            # The service itself logs requests, with their ids.
            "uvicorn.access": {"level": "WARNING"},
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
    }


def start_log() -> None:
    """Set one format for all log records, Python's warnings included."""
    logging.config.dictConfig(log_config(for_people=sys.stderr.isatty()))
    logging.captureWarnings(True)
