"""A sender of the same messages that Alertmanager sends to a webhook."""

from toban.engine.notify.channels.alertmanager.config import AlertmanagerConfig
from toban.engine.notify.channels.alertmanager.payload import payload
from toban.engine.notify.channels.http import Poster, secret_parts
from toban.engine.notify.delivery.notice import Notice


class Alertmanager:
    """Posts to one receiver, one alert at a time."""

    def __init__(self, config: AlertmanagerConfig) -> None:
        self._config = config
        self._poster = Poster("Alertmanager", config, config.plain_hosts)

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:  # noqa: ARG002 - the URL is the address
        """Post *notice* and return the receiver's status; every 2xx means that it was accepted."""
        url = self._config.url.reveal()
        token = self._config.token.reveal() if self._config.token else ""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        reply = self._poster.post(url, payload(notice, self._config.receiver), lambda _body: headers)
        if not 200 <= reply.status < 300:
            raise self._poster.refuse(reply, *secret_parts(url), token)
        return str(reply.status)
