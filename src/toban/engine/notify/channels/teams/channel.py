"""A webhook of Teams' Workflows: a thin sender (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors)."""

import re
from dataclasses import replace

from toban.engine.notify.channels.http import Poster, Reply, secret_parts
from toban.engine.notify.channels.teams.config import TeamsConfig
from toban.engine.notify.channels.teams.payload import payload
from toban.engine.notify.delivery.notice import Notice

_SUCCESS = frozenset({200, 202})
_INNER_STATUS = re.compile(r"returned HTTP error (\d{3})")


class Teams:
    """Posts to the one chat or channel of Teams that the workflow belongs to."""

    def __init__(self, config: TeamsConfig) -> None:
        self._config = config
        self._poster = Poster("Teams", config)

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:  # noqa: ARG002 - the workflow knows its place
        """Post *notice* and return the status: a workflow answers 202 with an empty body, a connector 200."""
        url = self._config.webhook.reveal()
        reply = _inner(self._poster.post(url, payload(notice)))
        if reply.status not in _SUCCESS or _is_page(reply.text):
            raise self._poster.refuse(reply, *secret_parts(url))
        return str(reply.status)


def _inner(reply: Reply) -> Reply:
    """Return *reply* with Teams' own status: a connector answers 200 even if Teams refused, and quotes it."""
    told = _INNER_STATUS.search(reply.text)
    return replace(reply, status=int(told[1])) if told and reply.status in _SUCCESS else reply


def _is_page(text: str) -> bool:
    """Return whether *text* is an HTML page: it comes not from Teams but, for example, a company's proxy."""
    return text.lstrip()[:5].lower() in ("<html", "<!doc")
