"""Connect to a Ray cluster: start one here, or use one that runs already."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moviegenre.core.errors import ConfigError, MissingExtraError, one_line
from moviegenre.core.extras import is_installed

_CONNECT_SECONDS = 5.0
_NO_CLUSTER = (ConnectionError, ValueError, RuntimeError)


@contextmanager
def ray_cluster(
    address: str | None, *, num_cpus: int | None = None, show_logs: bool = False
) -> Iterator[str]:
    """Connect to Ray until the block ends; yield the cluster's address.

    A cluster that is started here listens only on the loopback address, has no dashboard, and
    ends with the block. No usage statistics are sent.

    Args:
        address: ``HOST:PORT`` of a running cluster; None starts one.
        num_cpus: Cores of a cluster that is started here; None takes all.
        show_logs: Repeat what Ray's workers write to standard error in this process.

    Raises:
        ConfigError: The cluster does not answer, or none can be started.
        MissingExtraError: Ray is not installed.
    """
    if not is_installed("ray"):
        raise MissingExtraError("ray", "ray", "the engine `ray`")
    if address is not None:
        _require_answer(address)
    # Set the variables before the import, which reads them.
    is_named_here = address is not None and address.startswith("127.0.0.1:")
    if address is None or is_named_here:
        # Otherwise Ray replaces 127.0.0.1 with this machine's network address.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    if is_named_here and _has_token():
        # A cluster that is started here requires the token, and Ray does not send it to a named
        # address by default.
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray gives its proxy five seconds to start, too little on a busy machine.
    os.environ.setdefault("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "60")
    os.environ["RAY_DEDUP_LOGS"] = "0"  # requests are logged with lines that look alike
    import ray

    local_options: dict[str, Any] = {
        "include_dashboard": False,
        "_node_ip_address": "127.0.0.1",
        "num_cpus": num_cpus,
    }
    logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        context: Any = ray.init(
            address or "local",
            logging_level=logging.ERROR,
            log_to_driver=show_logs,
            **({} if address else local_options),
        )
    except Exception as error:
        ray.shutdown()
        # Ray raises a bare Exception if a start takes too long.
        if not isinstance(error, _NO_CLUSTER) and type(error) is not Exception:
            raise
        raise ConfigError(_no_cluster(address, error)) from None
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, on_sigterm)  # Ray's handler would end the process at once
    try:
        yield str(context.address_info["address"])
    finally:
        ray.shutdown()


def _has_token() -> bool:
    """Return whether this user has a token for Ray's clusters, in one of the places Ray knows."""
    is_in_environment = any(
        os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
    )
    return is_in_environment or Path("~/.ray/auth_token").expanduser().is_file()


def _require_answer(address: str) -> None:
    """Fail early if nothing listens at an address; Ray itself would try for many minutes.

    Raises:
        ConfigError: Nothing listens there.
    """
    host, _, port = address.rpartition(":")
    try:
        if not port.isdecimal() or "/" in host:
            raise ValueError("it is not HOST:PORT")
        socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError, ValueError) as error:
        raise ConfigError(_no_cluster(address, error)) from None


def _no_cluster(address: str | None, error: Exception) -> str:
    reason = one_line(error)
    if address is None:
        return f"no Ray cluster can be started here: {reason}"
    return (
        f"no Ray cluster answers at {address}: {reason}; expected HOST:PORT of a running one, as "
        "`ray start` shows it on the first machine; without `address` one is started here"
    )
