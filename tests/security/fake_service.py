"""A server in a process of its own, with a predictor that takes a set time: ``-m`` this module.

Arguments: seconds that a film takes, then settings as ``--set`` of ``moviegenre serve`` takes them.
It prints its port; SIGTERM stops it.
"""

import contextlib
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from moviegenre.apps.service.access.exposure import Access
from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.logs import start_log
from moviegenre.apps.service.server.guarded_server import GuardedServer
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.apps.sockets import listen
from moviegenre.core.config import apply_overrides
from moviegenre.inference.prediction import Prediction
from tests.unit.apps.service.fake_predictor import FakePredictor


class SlowPredictor(FakePredictor):
    """Takes its time for every film.

    Args:
        seconds: For one film.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def predict_films(self, films: Sequence[Any], batch_size: int) -> list[Prediction]:
        time.sleep(self._seconds * len(films))
        return super().predict_films(films, batch_size)


def main() -> None:
    """Run it until it is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as the command line does
    start_log()
    seconds, *overrides = sys.argv[1:]
    settings = ServiceSettings.parse(apply_overrides({}, overrides), "--set")
    app = create_app(SlowPredictor(float(seconds)).as_predictor, settings, access=Access())
    server = GuardedServer(app, settings, Access())
    with listen("127.0.0.1", 0) as listener, contextlib.suppress(KeyboardInterrupt):
        print(listener.getsockname()[1], flush=True)
        server.run(sockets=[listener])


if __name__ == "__main__":
    main()
