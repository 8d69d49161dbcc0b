"""The settings of the service: all of its limits."""

from typing import Self

from pydantic import Field, model_validator

from moviegenre.core.config import Config
from moviegenre.data.poster_formats import POSTER_FORMATS, ImageKind
from moviegenre.data.posters import MAX_PIXELS


class ServiceSettings(Config):
    """Limits, waiting times and logging of the service.

    The longest queue times the largest body bounds the memory that requests can use.
    """

    max_batch: int = Field(
        default=32, ge=1, description="The most films that are computed together."
    )
    max_wait_ms: float = Field(
        default=5.0,
        ge=0,
        le=1000,
        description="Milliseconds that the first film of a batch waits for others.",
    )
    max_queue: int = Field(default=128, ge=1, description="The most films that may wait (503).")
    retry_after_seconds: int = Field(
        default=1, ge=1, description="Seconds in the Retry-After header of a 503."
    )
    deadline_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Seconds from a request's last byte to its answer (504).",
    )
    upload_seconds: float = Field(
        default=30.0, gt=0, description="Seconds in which a request's body must arrive (408)."
    )
    stop_seconds: int = Field(
        default=30, ge=1, description="Seconds that a stop waits for accepted requests."
    )
    max_body_bytes: int = Field(
        default=12_582_912, ge=1, description="The most bytes of a request's body (413)."
    )
    max_plot_chars: int = Field(
        default=20_000, ge=1, description="The most characters of a plot (422)."
    )
    max_poster_pixels: int = Field(
        default=25_000_000,
        ge=1,
        le=MAX_PIXELS,
        description="The most pixels of a poster, width times height (422).",
    )
    image_kinds: tuple[ImageKind, ...] = Field(
        default=tuple(POSTER_FORMATS),
        min_length=1,
        description="The accepted kinds of posters (415).",
    )
    max_films: int = Field(
        default=64, ge=1, description="The most films in one request to /predict/batch (422)."
    )
    page: bool = Field(default=True, description="Serve the page at /.")
    page_rows: int = Field(
        default=2000, ge=1, description="The most rows of an uploaded table (422)."
    )
    log_plots: bool = Field(
        default=False, description="Write plots into the log, for debugging only."
    )
    max_queue_per_client: int | None = Field(
        default=None,
        ge=1,
        description="The most films of one client that may wait (503); half of max_queue by "
        "default, but no fewer than max_films.",
    )
    max_decoded_pixels: int = Field(
        default=25_000_000,
        ge=1,
        description="The most pixels of all posters that are decoded at the same time; a larger "
        "poster is decoded alone.",
    )
    slice_ms: float = Field(
        default=100.0,
        gt=0,
        description="About how many milliseconds the model computes before the next client has "
        "its turn.",
    )

    # Connections, bodies and rates.
    max_connections: int = Field(
        default=512,
        ge=8,
        description="The most open connections; the longest idle ones make room for more.",
    )
    max_client_connections: int = Field(
        default=128,
        ge=1,
        description="The most connections of one client that is not this machine.",
    )
    header_seconds: float = Field(
        default=10.0, gt=0, description="Seconds for a request's head to arrive."
    )
    idle_seconds: int = Field(
        default=75, ge=1, description="Seconds between two requests of a connection, at most."
    )
    stall_seconds: float = Field(
        default=10.0, gt=0, description="Seconds of a pause in a request's body, at most (408)."
    )
    send_seconds: float = Field(
        default=30.0, gt=0, description="Seconds for a client to read a part of its answer."
    )
    max_inflight_bytes: int = Field(
        default=134_217_728, ge=1, description="The most bytes of all bodies in memory (503)."
    )
    requests_per_second: float | None = Field(
        default=None,
        ge=0,
        description="The most requests per second of a client or key (429); 0: no limit; null: 10 "
        "for other machines.",
    )
    request_burst: int = Field(
        default=50,
        ge=1,
        description="The most requests that a client may send at once after a pause.",
    )

    @model_validator(mode="after")
    def _check_body_limits(self) -> Self:
        if self.max_body_bytes > self.max_inflight_bytes:
            raise ValueError(
                f"max_body_bytes is {self.max_body_bytes} and max_inflight_bytes "
                f"{self.max_inflight_bytes}: such a body could never be taken; raise "
                "max_inflight_bytes or lower max_body_bytes"
            )
        return self

    @model_validator(mode="after")
    def _check_film_limits(self) -> Self:
        if self.max_films > self.max_queue:
            raise ValueError(
                f"max_films is {self.max_films} and max_queue {self.max_queue}: such a batch "
                "could never be taken; raise max_queue or lower max_films"
            )
        if self.max_queue_per_client is not None and self.max_films > self.max_queue_per_client:
            raise ValueError(
                f"max_films is {self.max_films} and max_queue_per_client "
                f"{self.max_queue_per_client}: such a batch could never be taken; raise "
                "max_queue_per_client or lower max_films"
            )
        return self

    @property
    def client_queue(self) -> int:
        """The most films of one client that may wait."""
        return self.max_queue_per_client or max(self.max_films, self.max_queue // 2)

    @property
    def retry_after(self) -> dict[str, str]:
        """The header of a 503."""
        return {"Retry-After": str(self.retry_after_seconds)}
