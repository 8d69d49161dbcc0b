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
    """A service that can be pickled; ``model`` is what ``reopen`` takes."""

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
        """Return the plan of a service around a model that was opened once.

        ``threads`` compute in each process; PyTorch has its own setting.
        """
        source, backend = predictor.source, predictor.backend.name
        assert source is not None, "it was loaded by name"
        num_threads = None if backend == "torch" else threads
        return cls(
            replace(source, backend=backend, threads=num_threads).request(), settings, access, page
        )

    def app(self, shared: SharedState) -> FastAPI:
        """Return the app, its model opened here.

        Raises:
            CheckpointError: The model is not there, or is another one by now.
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

    Connections and bodies are limited for the sake of the machine, so each process has its share
    of them. The other limits go with the processors, and each process has its own.
    """
    bodies = settings.max_inflight_bytes // processes
    return settings.model_copy(
        update={
            "max_connections": max(8, math.ceil(settings.max_connections / processes)),
            "max_client_connections": math.ceil(settings.max_client_connections / processes),
            "max_inflight_bytes": max(bodies, settings.max_body_bytes),
        }
    )
