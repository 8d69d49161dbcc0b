"""The plan from which another process opens the service."""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fastapi import FastAPI

from moviegenre.apps.service.access.exposure import Access
from moviegenre.apps.service.app import create_app
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.apps.service.shared_state import SharedState
from moviegenre.core.cores import num_cores
from moviegenre.inference.model_source import Request, reopen

if TYPE_CHECKING:
    from moviegenre.inference.predictor import Predictor


@dataclass(frozen=True)
class ServicePlan:
    """The plan of a service, which can be pickled; ``model`` is the argument of ``reopen``."""

    model: Request
    settings: ServiceSettings
    access: Access
    page: bool

    @classmethod
    def of(
        cls,
        predictor: "Predictor",
        settings: ServiceSettings,
        access: Access,
        *,
        page: bool,
        threads: int,
    ) -> "ServicePlan":
        """Return the plan of a service for an open model.

        Each process computes with ``threads`` threads; PyTorch has its own setting.
        """
        source, backend = predictor.source, predictor.backend.name
        assert source is not None, "it was loaded by name"
        num_threads = None if backend == "torch" else threads
        return cls(
            replace(source, backend=backend, threads=num_threads).request(),
            settings,
            access,
            page,
        )

    def app(self, shared: SharedState) -> FastAPI:
        """Return the app, with the model opened in this process.

        Raises:
            CheckpointError: The model is missing or has changed.
        """
        predictor = reopen(self.model)
        return create_app(
            predictor, self.settings, page=self.page, access=self.access, shared=shared
        )


def threads_of(processes: int) -> int:
    """Return how many threads compute in each of several processes on this machine."""
    return max(1, num_cores() // processes)


def share_of(settings: ServiceSettings, processes: int) -> ServiceSettings:
    """Return the settings of one of several processes on a machine.

    The limits on connections and bodies protect the machine, so each process gets a share of them.
    The other limits depend on the processors, so each process keeps them.
    """
    body_bytes = settings.max_inflight_bytes // processes
    return settings.model_copy(
        update={
            "max_connections": max(8, math.ceil(settings.max_connections / processes)),
            "max_client_connections": math.ceil(settings.max_client_connections / processes),
            "max_inflight_bytes": max(body_bytes, settings.max_body_bytes),
        }
    )
