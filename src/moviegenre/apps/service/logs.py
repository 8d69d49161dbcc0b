"""The log: one JSON object a line on standard error, for machines to collect."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

LOGGER = "moviegenre.service"


class JsonFormatter(logging.Formatter):
    """Writes a record as one line: time, level, event, what ``fields`` adds, and a traceback."""

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


def log_event(level: int, event: str, *, error: BaseException | None = None, **fields: Any) -> None:  # noqa: ANN401 - whatever JSON takes
    """Write an event of the service's own."""
    logging.getLogger(LOGGER).log(level, event, exc_info=error, extra={"fields": fields})


def log_config() -> dict[str, Any]:
    """Return what ``logging.config.dictConfig``, and so uvicorn, takes: everything as JSON."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {
            "moviegenre": {"level": "INFO"},
            "uvicorn": {"level": "INFO"},
            # Requests are logged by the service itself, with their ids.
            "uvicorn.access": {"level": "WARNING"},
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
    }
