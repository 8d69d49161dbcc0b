"""Everything between the server and the app's routes, outermost first."""

from fastapi import FastAPI

from moviegenre.apps.service.access.checking import Check, Checking
from moviegenre.apps.service.access.exposure import Access
from moviegenre.apps.service.access.headers import SecurityHeaders
from moviegenre.apps.service.access.hosts import HostCheck
from moviegenre.apps.service.access.keys import KeyCheck, key_of
from moviegenre.apps.service.access.numbers import MetricsCheck
from moviegenre.apps.service.access.origins import OriginCheck
from moviegenre.apps.service.access.rates import RateCheck
from moviegenre.apps.service.incoming import IncomingBodies
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.apps.service.observing import Observing
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.apps.service.sharing import Sharing

_PUBLIC_RATE = 10.0  # requests a second; two cores answer about 60 plots


def add_edge(
    app: FastAPI,
    settings: ServiceSettings,
    metrics: ServiceMetrics,
    access: Access | None,
    sharing: Sharing,
) -> None:
    """Put headers, log, checks and limits of bodies around an app.

    Args:
        app: Its routes may be added later.
        settings: Limits and waits.
        metrics: Where requests and refusals are counted.
        access: Who may reach it; None for an app that is asked inside this process only, and so
            under any host name.
        sharing: Where the requests of each client are counted.
    """
    app.add_middleware(IncomingBodies, settings=settings, metrics=metrics)
    app.add_middleware(Checking, checks=_checks(settings, access, sharing), metrics=metrics)
    app.add_middleware(Observing, metrics=metrics)
    app.add_middleware(SecurityHeaders)  # added last, so that it is outermost


def _checks(settings: ServiceSettings, access: Access | None, sharing: Sharing) -> list[Check]:
    if access is None:
        return [OriginCheck()]
    port = access.metrics_port
    rate = settings.requests_per_second
    if rate is None:
        rate = _PUBLIC_RATE if access.is_public else 0.0
    checks: list[Check] = [
        HostCheck(access.names),
        MetricsCheck(port, access.is_public and access.keys is None),
    ]
    if rate:
        checks.append(RateCheck(sharing.buckets("clients", rate, settings.request_burst)))
    checks.append(OriginCheck())
    if access.keys is not None:
        checks.append(KeyCheck(access.keys, port))
        if rate:
            buckets = sharing.buckets("keys", rate, settings.request_burst)
            checks.append(RateCheck(buckets, key_of))
    return checks
