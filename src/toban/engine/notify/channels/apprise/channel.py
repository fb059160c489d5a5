"""Sends through Apprise and classifies failures; Apprise's log is off: it quotes URLs, which are secrets."""

import logging
import re
from collections.abc import Iterable

import apprise

from toban.design.values.severity import AlertLevel
from toban.engine.notify.channels.apprise.config import AppriseConfig
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice, NoticeKind
from toban.message import Message, message_of

_TYPES = {
    AlertLevel.CRITICAL: apprise.NotifyType.FAILURE,
    AlertLevel.WARNING: apprise.NotifyType.WARNING,
    AlertLevel.INFO: apprise.NotifyType.INFO,
}
_STATUS = re.compile(r"\berror=(\d{3})\b")
_PASSING = frozenset({408, 425, 429})
_SERVER_ERROR = 500

_log = logging.getLogger("apprise")
_log.propagate = False
_log.addHandler(logging.NullHandler())


class AppriseChannel:
    """One service. Each send loads it again: the URL may have changed."""

    def __init__(self, config: AppriseConfig) -> None:
        self._config = config

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:
        """Send *notice* as text; services return no reference, so the receipt is just a word."""
        del addresses
        service = _service(self._config.url.reveal())
        is_over = notice.kind is NoticeKind.RECOVERED
        result = service.notify(
            title=notice.title,
            body=_body(notice),
            body_format=apprise.NotifyFormat.TEXT,
            notify_type=apprise.NotifyType.SUCCESS if is_over else _TYPES[notice.level],
            timeout=self._config.timeout,
        )
        if not result:
            raise _undelivered(result)
        return "sent"


def doubts(config: AppriseConfig) -> Iterable[Message]:
    """Yield a warning if Apprise does not know such a service; nothing is sent."""
    try:
        _service(config.url.reveal())
    except Undelivered as unknown:
        yield message_of(unknown)


def _service(url: str) -> apprise.Apprise:
    asset = apprise.AppriseAsset(app_id="Toban", http_redirects=False, async_mode=False)
    service = apprise.Apprise(asset=asset)
    if not service.add(url):
        raise Undelivered(Message("notify.unknown-service"), retry=False)
    return service


def _body(notice: Notice) -> str:
    facts = [f"{label}: {value}" for label, value in notice.facts]
    return "\n".join([*facts, "", notice.citation, notice.clause_text, *([notice.url] if notice.url else [])])


def _undelivered(result: "apprise.AppriseResult") -> Undelivered:
    """Tell a refusal from a temporary failure by the HTTP status in Apprise's log; nothing else is quoted."""
    said = " ".join(entry.message for attempt in result for entry in attempt.logs())
    found = _STATUS.search(said)
    if found is None:
        return Undelivered(Message("notify.unreachable-or-late", channel="Apprise"), retry=True)
    status = int(found[1])
    is_passing = status >= _SERVER_ERROR or status in _PASSING
    return Undelivered(Message("notify.answered-status", channel="Apprise", status=status), retry=is_passing)
