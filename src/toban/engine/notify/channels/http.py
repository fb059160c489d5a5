"""HTTP posts to a receiver whose URLs, headers and bodies never appear in a log or an error.

Requests go through httpx's transport, not its client: the client logs every URL at INFO, and the URL of an
incoming webhook *is* its secret. A transport follows no redirects either.
"""

import json
import math
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit

import certifi
import httpx
from pydantic import AfterValidator, Field

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import invalid
from toban.engine.notify.delivery.channel import ChannelConfig, Undelivered
from toban.message import Message, message_of

_LONGEST_REPLY = 4096
_LONGEST_ASKED_WAIT = 3600.0
_SHORTEST_SECRET = 8
_PRIVATE_NAMES = (".internal", ".local", ".home.arpa")
"""Suffixes that public DNS never resolves (RFC 6762, RFC 8375, ICANN's reservation of .internal)."""
_PASSING = frozenset({408, 425, 429})
"""Client errors that mean "later", not "never"."""


@dataclass(frozen=True, slots=True)
class Body:
    """A request body, byte for byte."""

    content: bytes
    media_type: str


def form(fields: Mapping[str, str]) -> Body:
    """Return *fields* encoded as a browser's form."""
    return Body(urlencode(fields).encode(), "application/x-www-form-urlencoded")


type HeadersOf = Callable[[bytes], Mapping[str, str]]
"""Returns the headers that go with a body as it is sent, byte for byte."""


class HttpChannelConfig(ChannelConfig):
    """Settings of every channel over HTTP."""

    timeout: float = Field(default=10, gt=0, le=60)
    """Seconds for a whole attempt."""
    proxy: Secret | None = None
    """The URL of a proxy; it may contain a password."""


def _private(host: str) -> str:
    """Return *host* if only a private network knows it: unencrypted requests to it stay inside."""
    try:
        is_private = ip_address(host).is_private
    except ValueError:
        is_private = "." not in host or host.lower().endswith(_PRIVATE_NAMES)
    if not is_private:
        raise invalid(Message("notify.public-host-without-tls"))
    return host.lower()


class ReceiverConfig(HttpChannelConfig):
    """Settings of a channel to the operator's own receiver."""

    url: Secret
    """Where it listens; by reference, since many receivers authenticate senders by the URL."""
    plain_hosts: tuple[Annotated[str, AfterValidator(_private)], ...] = ()
    """Hosts of the private network that may be reached without TLS."""
    channel: str = Field(default="", pattern=r"^(#\S+)?$")
    """The receiver as the document writes it after `Webhook`: `#在庫`."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answered."""

    status: int
    text: str
    retry_after: float | None
    """Seconds."""


def _no_headers(_body: bytes) -> Mapping[str, str]:
    return {}


class Poster:
    """Posts for a channel; messages call it *name*.

    It speaks unencrypted only to this machine and to *plain_hosts*, if the operator named some.
    """

    def __init__(self, name: str, config: HttpChannelConfig, plain_hosts: Sequence[str] = ()) -> None:
        self._name = name
        self._config = config
        self._plain_hosts = frozenset(plain_hosts)

    def post(self, url: str, body: Mapping[str, object] | Body, headers_of: HeadersOf = _no_headers) -> Reply:
        """Post *body* to *url* once and return any reply; raise `Undelivered` if there is none.

        A mapping is sent as JSON.
        """
        if not isinstance(body, Body):
            body = Body(json.dumps(body, ensure_ascii=False).encode(), "application/json; charset=utf-8")
        try:
            return self._post(url, body, headers_of)
        except httpx.TimeoutException:
            raise self._undelivered("notify.no-answer-in-time") from None
        except httpx.ConnectError as error:
            why = "notify.certificate-unverified" if _is_certificate(error) else "notify.unreachable"
            raise self._undelivered(why) from None
        except httpx.ProxyError:
            raise self._undelivered("notify.refused-by-proxy") from None
        except httpx.TransportError as error:
            raise self._undelivered("notify.connection-lost", error=type(error).__name__) from None
        except httpx.InvalidURL:
            raise self._undelivered("notify.not-a-url", retry=False) from None

    def refuse(self, reply: Reply, *secrets: str) -> Undelivered:
        """Return the exception for a *reply* that reports a failure.

        Replies may quote the request (`/services/… was not found`), so *secrets* are removed.
        """
        if 300 <= reply.status < 400:
            return self._undelivered("notify.redirected", retry=False, status=reply.status)
        passing = reply.status >= 500 or reply.status in _PASSING or reply.status < 300
        words = " ".join(_without(reply.text, secrets).split())[:200]
        return self._undelivered(
            "notify.answered" if words else "notify.answered-status",
            retry=passing,
            after=reply.retry_after,
            status=reply.status,
            words=words,
        )

    def _post(self, url: str, body: Body, headers_of: HeadersOf) -> Reply:
        self.demand_encryption(url)
        deadline = time.monotonic() + self._config.timeout
        timeout = httpx.Timeout(self._config.timeout)
        request = httpx.Request(
            "POST",
            url,
            content=body.content,
            headers={
                "content-type": body.media_type,
                "user-agent": "toban",
                **headers_of(body.content),
            },
            extensions={"timeout": timeout.as_dict()},
        )
        proxy = self._config.proxy.reveal() if self._config.proxy else None
        with httpx.HTTPTransport(verify=_trust(), proxy=proxy) as transport:
            response = transport.handle_request(request)
            try:
                text = _read(response, deadline)
            finally:
                response.close()
        after = retry_after(response.headers.get("retry-after", ""), datetime.now(UTC))
        return Reply(response.status_code, text, after)

    def demand_encryption(self, url: str) -> None:
        """Raise `Undelivered` if *url* would carry a notification unencrypted, or is no URL with a host."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        may_be_plain = _is_loopback(host) or host in self._plain_hosts
        if parts.scheme == "https" or (parts.scheme == "http" and may_be_plain):
            return
        raise self._undelivered("notify.not-https", retry=False)

    def _undelivered(
        self, code: str, *, retry: bool = True, after: float | None = None, **values: object
    ) -> Undelivered:
        return Undelivered(Message(code, channel=self._name, **values), retry=retry, after=after)


def url_doubts(
    name: str, config: HttpChannelConfig, url: str, plain_hosts: Sequence[str] = ()
) -> Iterator[Message]:
    """Yield what is wrong with the form of *url*, without a request."""
    try:
        Poster(name, config, plain_hosts).demand_encryption(url)
    except Undelivered as error:
        yield message_of(error)
    except ValueError:
        yield Message("notify.not-a-url", channel=name)


def receiver_doubts(name: str, config: ReceiverConfig) -> Iterator[Message]:
    """Yield what is wrong with the form of a receiver's URL."""
    return url_doubts(name, config, config.url.reveal(), config.plain_hosts)


def secret_parts(url: str) -> list[str]:
    """Return what no message may repeat of a secret *url*: itself, its path, and parts too long for words."""
    parts = urlsplit(url)
    whole = f"{parts.path}?{parts.query}"
    within = [*re.split("[/?&=]", whole), *(value for _, value in parse_qsl(parts.query))]
    return [url, whole, parts.path, *(part for part in within if len(part) >= _SHORTEST_SECRET)]


def retry_after(written: str, now: datetime) -> float | None:
    """Return the seconds in a Retry-After header, a number or a date (RFC 9110, 10.2.3); at most an hour."""
    try:
        seconds = float(written)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(written) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), _LONGEST_ASKED_WAIT)


def _without(text: str, secrets: tuple[str, ...]) -> str:
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "…")
    return text


def _read(response: httpx.Response, deadline: float) -> str:
    """Return the beginning of the reply; a receiver that sends it too slowly is cut off at the timeout."""
    taken = b""
    # Raw: no compression was requested, and decompressing a reply that is compressed anyway has no limit.
    for chunk in response.iter_raw():
        taken += chunk
        if len(taken) >= _LONGEST_REPLY:
            break
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the answer does not end")
    return taken[:_LONGEST_REPLY].decode("utf-8", "replace")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _trust() -> ssl.SSLContext:
    """Return a context that trusts the system's authorities, and certifi's, for systems without any.

    A company adds its own authorities to the system's.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _is_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
