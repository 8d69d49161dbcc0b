"""All middleware between the server and the app's routes."""

from fastapi import FastAPI

from moviegenre.apps.service.access.checks import AccessChecks, Check, MetricsCheck
from moviegenre.apps.service.access.exposure import Access
from moviegenre.apps.service.access.headers import SecurityHeaders
from moviegenre.apps.service.access.hosts import HostCheck
from moviegenre.apps.service.access.keys import KeyCheck, key_of
from moviegenre.apps.service.access.origins import OriginCheck
from moviegenre.apps.service.access.rates import RateCheck
from moviegenre.apps.service.body_limits import BodyLimits
from moviegenre.apps.service.head_requests import HeadRequests
from moviegenre.apps.service.metrics import ServiceMetrics
from moviegenre.apps.service.request_log import RequestLog
from moviegenre.apps.service.settings import ServiceSettings
from moviegenre.apps.service.shared_state import SharedState

_PUBLIC_RATE = 10.0  # requests a second; two cores answer about 60 plots


def add_middleware(
    app: FastAPI,
    settings: ServiceSettings,
    metrics: ServiceMetrics,
    access: Access | None,
    shared: SharedState,
) -> None:
    """Add the middleware to an app: headers, log, checks, limits of bodies; routes may come later.

    Args:
        app: The app.
        settings: Limits and waiting times.
        metrics: The metrics that count requests and errors.
        access: Who may reach it; None for an app that is used inside this process only, and so
            under any host name.
        shared: The state that counts the requests of each client.
    """
    app.add_middleware(HeadRequests)  # innermost, so that the log has the method as it was sent
    app.add_middleware(BodyLimits, settings=settings, metrics=metrics)
    app.add_middleware(AccessChecks, checks=_checks(settings, access, shared), metrics=metrics)
    app.add_middleware(RequestLog, metrics=metrics)
    app.add_middleware(SecurityHeaders)  # added last, so that it is outermost


def _checks(settings: ServiceSettings, access: Access | None, shared: SharedState) -> list[Check]:
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
        checks.append(RateCheck(shared.buckets("clients", rate, settings.request_burst)))
    checks.append(OriginCheck())
    if access.keys is not None:
        checks.append(KeyCheck(access.keys, port))
        if rate:
            checks.append(RateCheck(shared.buckets("keys", rate, settings.request_burst), key_of))
    return checks
