"""Work that can wait: asked again while the service is busy with others."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from moviegenre.apps.service.refusals import BUSY, TOO_LATE, Refusal
from moviegenre.apps.service.settings import ServiceSettings

T = TypeVar("T")

_MORE_TRIES = 3  # of what was not answered in time, as others went first


async def ask_patiently(
    ask: Callable[[], Awaitable[T]], settings: ServiceSettings, is_stopping: Callable[[], bool]
) -> T:
    """Return answers; others go first where the queue is full, or the time was up.

    Args:
        ask: Asks for them; called again after a refusal.
        settings: How long to wait between two tries.
        is_stopping: Whether the service takes nothing more.

    Raises:
        Refusal: The service is stopping, the answers were late several times, or they are refused
            for another reason.
    """
    late = 0
    while True:
        try:
            return await ask()
        except Refusal as refusal:
            late += refusal.status == TOO_LATE
            is_over = refusal.status not in (BUSY, TOO_LATE) or late > _MORE_TRIES
            if is_stopping() or is_over:
                raise
            await asyncio.sleep(settings.retry_after_seconds)
