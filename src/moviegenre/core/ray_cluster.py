"""One way to a Ray cluster: one that is started here, or one that runs already."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

from moviegenre.core.errors import ConfigError, MissingExtraError
from moviegenre.core.extras import is_installed


@contextmanager
def ray_cluster(
    address: str | None, *, num_cpus: int | None = None, show_logs: bool = False
) -> Iterator[str]:
    """Connect to Ray until the block ends; yield the cluster's address.

    A cluster that is started here listens on the loopback address alone, has no dashboard, and
    ends with the block. No usage statistics are sent.

    Args:
        address: ``HOST:PORT`` of a running cluster, or ``auto`` for the one of this machine; None
            starts one.
        num_cpus: Cores of a cluster that is started here; None takes all.
        show_logs: Repeat what Ray's workers write to standard error in this process.

    Raises:
        ConfigError: The cluster does not answer, or none can be started.
        MissingExtraError: Ray is not installed.
    """
    if not is_installed("ray"):
        raise MissingExtraError("ray", "ray", "the engine `ray`")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before the import, which reads it
    import ray

    own = {"include_dashboard": False, "_node_ip_address": "127.0.0.1", "num_cpus": num_cpus}
    logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)
    try:
        context = ray.init(
            address or "local",
            logging_level=logging.ERROR,
            log_to_driver=show_logs,
            **({} if address else own),
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        ray.shutdown()
        raise ConfigError(_no_cluster(address, error)) from None
    except Exception as error:
        ray.shutdown()
        if type(error) is not Exception:  # Ray has no class of its own for a start that takes long
            raise
        raise ConfigError(_no_cluster(address, error)) from None
    try:
        yield str(context.address_info["address"])
    finally:
        ray.shutdown()


def _no_cluster(address: str | None, error: Exception) -> str:
    reason = " ".join(str(error).split())[:200]
    if address is None:
        return f"no Ray cluster can be started here: {reason}"
    return (
        f"no Ray cluster answers at {address}: {reason}; expected HOST:PORT of a running one, as "
        "`ray start --head` shows it; without `address` one is started here"
    )
