"""How many requests failed during an incident, from access logs and traces. See `toban.engine.impact`."""

from collections.abc import Collection, Iterator

from toban.chapters.monitoring.sources.access_log.config import AccessLogConfig
from toban.chapters.monitoring.sources.traces import TracesConfig
from toban.engine.editions.edition import Edition
from toban.engine.impact.figures import Impact, ImpactFigure, ImpactQuestion
from toban.engine.telemetry.logs.search import TimeSpan
from toban.engine.telemetry.requests import LOGGED, TRACED, Traffic, traffic
from toban.engine.telemetry.store import StoreUnavailable
from toban.message import Message, message_of


def measure(question: ImpactQuestion) -> Iterator[ImpactFigure]:
    """Yield how many requests of each service failed. See `MeasureImpact`."""
    services = _services(question.edition, question.targets) or _services(question.edition, ())
    if not services:
        label = Message("monitoring.impact-requests")
        yield ImpactFigure(Impact.FAILED_REQUESTS, label, why=Message("monitoring.impact-no-requests-bound"))
    for each in services:
        yield _figure(each, question)


def _services(edition: Edition, targets: Collection[str]) -> list[AccessLogConfig]:
    """Return the services of *targets* (of all, if there are none) whose requests Toban is sent."""
    found = {
        (source.config.service, source.config.route): source.config
        for target, sources in edition.bindings.targets.items()
        if not targets or target in targets
        for source in sources
        if isinstance(source.config, AccessLogConfig)
    }
    return list(found.values())


def _figure(service: AccessLogConfig, question: ImpactQuestion) -> ImpactFigure:
    label = Message("monitoring.impact-requests-of", service=service.service)
    table = TRACED if isinstance(service, TracesConfig) else LOGGED
    span = TimeSpan(question.since, question.until)
    try:
        found = traffic(question.telemetry, service.service, span, route=service.route, of=table)
    except StoreUnavailable as error:
        return ImpactFigure(Impact.FAILED_REQUESTS, label, why=message_of(error))
    return _counted(label, found)


def _counted(label: Message, found: Traffic) -> ImpactFigure:
    # What nobody answers is logged by nobody: no line at all says nothing about requests.
    if not found.count:
        return ImpactFigure(Impact.FAILED_REQUESTS, label, why=Message("monitoring.impact-no-lines"))
    value = Message("monitoring.impact-failed", failed=found.failed, all=found.count)
    return ImpactFigure(Impact.FAILED_REQUESTS, label, value, Message("monitoring.impact-only-answered"))
