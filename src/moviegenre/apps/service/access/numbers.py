"""Where ``/metrics`` is answered: numbers about the service are not for everybody."""

from starlette.types import Scope

from moviegenre.apps.service.refusals import NOT_FOUND, Refusal

_PATH = "/metrics"


class MetricsCheck:
    """Answers ``/metrics`` only where it may be read, and nothing else on a port of its own.

    Args:
        port: The port of its own, if there is one.
        is_public: Whether anybody could read it at the other port.
    """

    reason = "metrics"

    def __init__(self, port: int | None, is_public: bool) -> None:
        self._port = port
        self._is_public = is_public

    def check(self, scope: Scope) -> None:
        """Look at path and port.

        Raises:
            Refusal: They do not go together.
        """
        is_metrics = scope["path"].rstrip("/") == _PATH
        if self._port is not None:
            if is_metrics != (scope["server"][1] == self._port):
                raise Refusal(NOT_FOUND, "this port has nothing at this address")
        elif is_metrics and self._is_public:
            raise Refusal(
                NOT_FOUND,
                "metrics are not shown to everybody; serve with --metrics-port or --api-key-file",
            )
