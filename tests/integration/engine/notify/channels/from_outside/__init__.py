"""A channel added by a third party: this folder, one line of registration, one rig of the suite.

Its service takes a form, and has a word in documents that the reader does not know.
"""

from collections.abc import Mapping
from typing import ClassVar

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.http import HttpChannelConfig, Poster, form, secret_parts, url_doubts
from toban.engine.notify.delivery.channel import Transport
from toban.engine.notify.delivery.notice import Notice

WORD = "社内掲示板"
_CREATED = 201


class BoardConfig(HttpChannelConfig):
    """`[channels.NAME]` with `kind = "board"`."""

    example: ClassVar[Mapping[str, str]] = {"url": "env:BOARD_URL"}

    url: Secret


class Board:
    """Posts to the one board that the URL belongs to."""

    def __init__(self, config: BoardConfig) -> None:
        self._config = config
        self._poster = Poster(WORD, config)

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:  # noqa: ARG002 - the URL is the address
        """Post *notice* and return the status."""
        url = self._config.url.reveal()
        reply = self._poster.post(url, form({"title": notice.title, "row": notice.citation}))
        if reply.status != _CREATED:
            raise self._poster.refuse(reply, *secret_parts(url))
        return str(reply.status)


TRANSPORT = Transport(
    config=BoardConfig,
    reaches=WORD,
    build=Board,
    is_shared=True,
    doubts=lambda config: url_doubts(WORD, config, config.url.reveal()),
)
