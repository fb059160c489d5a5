"""HTTP with bounds: whatever the other side does, an answer ends in time and fits into memory."""

import logging
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated, Any, Self

import httpx
from pydantic import AfterValidator, Field, model_validator

from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.bindings.section import Section, invalid
from toban.engine.network.first_visit import FirstVisit
from toban.engine.network.tls import CaFile, tls_words, trusting
from toban.message import Message, message_of

LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes after decompression; node_exporter on a large host sends a quarter of a megabyte."""
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_NONE_KEPT = httpx.Limits(max_keepalive_connections=0)
_GZIP = 16 + zlib.MAX_WBITS

# At INFO the client logs every URL, and a query may contain a key.
logging.getLogger("httpx").setLevel(logging.WARNING)


def _plain_url(url: str) -> str:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL()
    if parts.scheme not in ("http", "https") or not parts.host:
        raise invalid(Message("network.not-a-url"), Message("network.write-url"))
    if parts.userinfo:
        raise invalid(Message("network.credentials-in-url"), Message("network.write-username-and-password"))
    return url


class HttpAccess(Section):
    """The HTTP address to ask, and the credentials."""

    url: Annotated[str, AfterValidator(_plain_url)]
    timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds until the whole answer must have arrived."""
    username: str = ""
    password: Secret | None = None
    bearer_token: Secret | None = None
    ca_file: CaFile | None = None

    @model_validator(mode="after")
    def _one_way_to_sign_in(self) -> Self:
        if self.bearer_token and (self.username or self.password):
            raise invalid(Message("network.two-credentials"))
        return self

    @property
    def place(self) -> str:
        """Host and port, without anything that could be secret."""
        return httpx.URL(self.url).netloc.decode("ascii")


class Unanswered(Exception):
    """No complete answer arrived; the message says why and holds no secret."""


class Untrusted(Unanswered):
    """The server's TLS can't be trusted."""

    def __init__(self, fault: ssl.SSLError, url: httpx.URL) -> None:
        super().__init__(tls_words(fault))
        self.fault = fault
        self.url = url
        """The URL that failed: a redirect may have led to another path of the same host."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer, and the seconds from the request to its last byte."""

    status: int
    headers: httpx.Headers
    body: bytes
    seconds: float
    certificate: Mapping[str, Any] | None = None
    """The server's certificate, as `getpeercert()` gives it; None without TLS."""


def new_client(ca_file: Path | None = None, proxy: str | None = None) -> httpx.Client:
    """Return a client that opens a new connection for each request, like a first-time visitor.

    It trusts the certificates in *ca_file* besides the system's, and uses no proxy but the given one.
    """
    trust = trusting(ca_file)
    # A connection through a proxy is another matter.
    transport = (
        FirstVisit(trust) if proxy is None else httpx.HTTPTransport(trust, proxy=proxy, limits=_NONE_KEPT)
    )
    return httpx.Client(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        # Only what `_unpacker` can unpack.
        headers={"user-agent": "toban", "accept-encoding": "gzip"},
    )


def fetch(client: httpx.Client, config: HttpAccess, url: httpx.URL | None = None) -> HttpAnswer:
    """GET the configured URL, or *url* on the same server, or raise `Unanswered`.

    A redirect is followed only on the same host: another host would receive the credentials. A redirect to
    another host is returned as the answer.
    """
    started = time.monotonic()
    url = url or httpx.URL(config.url)
    for _ in range(_MOST_REDIRECTS + 1):
        with _faults(url, config.timeout):
            request = client.build_request("GET", url, headers=_credentials(config), timeout=config.timeout)
            answer = _whole(client, request, config.timeout, started, _basic(config))
            location = answer.headers.get("location") if answer.status in _REDIRECTS else None
            target = url.join(location) if location else None
        if target is None or (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port):
            return answer
        url = target
    raise Unanswered(Message("network.redirected-too-often", count=_MOST_REDIRECTS))


def download(
    client: httpx.Client,
    config: HttpAccess,
    url: httpx.URL,
    to: IO[bytes],
    *,
    newer_than: str = "",
    most: int,
) -> HttpAnswer:
    """GET *url*, write what it gives to *to* as it comes, and return the answer without it.

    With *newer_than*, the `Last-Modified` of an earlier answer, nothing is written if nothing is newer: 304.
    Raises `Unanswered`, also beyond *most* bytes; what was written by then is of no use. No redirect is
    followed.
    """
    headers = {**_credentials(config), "accept-encoding": "identity"}
    if newer_than:
        headers["if-modified-since"] = newer_than
    until = time.monotonic() + config.timeout
    with _faults(url, config.timeout):
        request = client.build_request("GET", url, headers=headers, timeout=config.timeout)
        started, size = time.monotonic(), 0
        with closing(client.send(request, auth=_basic(config), stream=True)) as reply:
            for chunk in reply.iter_raw():
                size += len(chunk)
                if size > most:
                    raise Unanswered(Message("network.answer-too-large", mebibytes=most // 1024**2))
                if time.monotonic() > until:
                    raise Unanswered(Message("network.answer-not-finished", seconds=config.timeout))
                if reply.status_code == httpx.codes.OK:
                    to.write(chunk)
        return HttpAnswer(reply.status_code, reply.headers, b"", time.monotonic() - started)


def send(client: httpx.Client, request: httpx.Request, timeout: float) -> HttpAnswer:
    """Send *request* once, or raise `Unanswered`; a redirect is returned as the answer.

    *timeout* is in seconds, for the whole answer; the request was built with the same.
    """
    with _faults(request.url, timeout):
        return _whole(client, request, timeout, time.monotonic(), None)


@contextmanager
def _faults(url: httpx.URL, timeout: float) -> Iterator[None]:
    """Report faults on the way to *url* as `Unanswered`."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise Unanswered(Message("network.no-answer-in-time", seconds=timeout)) from error
    except httpx.ConnectError as error:
        if (fault := _tls_fault(error)) is not None:
            raise Untrusted(fault, url) from error
        raise Unanswered(Message("network.cannot-connect", reason=_reason(error))) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unanswered(Message("network.connection-broken", error=type(error).__name__)) from error
    except zlib.error as error:
        raise Unanswered(Message("network.answer-badly-compressed")) from error
    except SecretUnavailable as error:
        raise Unanswered(message_of(error)) from error


def _whole(
    client: httpx.Client,
    request: httpx.Request,
    timeout: float,
    started: float,
    auth: httpx.BasicAuth | None,
) -> HttpAnswer:
    """Return the answer once its last byte has arrived."""
    with closing(client.send(request, auth=auth, stream=True)) as reply:
        tls = reply.extensions["network_stream"].get_extra_info("ssl_object")
        certificate = tls.getpeercert() if tls is not None else None
        body = bytearray()
        # Raw: httpx would unpack a hostile server's few kilobytes to gigabytes before returning them.
        unpacker = _unpacker(reply.headers.get("content-encoding", ""))
        for chunk in reply.iter_raw():
            body += unpacker.decompress(chunk, LARGEST_ANSWER + 1 - len(body)) if unpacker else chunk
            if len(body) > LARGEST_ANSWER:
                raise Unanswered(Message("network.answer-too-large", mebibytes=LARGEST_ANSWER // 1024**2))
            # The client's timeouts are per read: a server that drips bytes would never exceed one.
            if time.monotonic() > started + timeout:
                raise Unanswered(Message("network.answer-not-finished", seconds=timeout))
        return HttpAnswer(
            reply.status_code, reply.headers, bytes(body), time.monotonic() - started, certificate
        )


def _unpacker(encoding: str) -> "zlib._Decompress | None":
    """Return the decompressor of *encoding*; None for one never asked for: its bytes stay as they are."""
    return zlib.decompressobj(_GZIP) if encoding.strip().lower() in ("gzip", "x-gzip") else None


def _credentials(config: HttpAccess) -> dict[str, str]:
    return {"authorization": f"Bearer {config.bearer_token.reveal()}"} if config.bearer_token else {}


def _basic(config: HttpAccess) -> httpx.BasicAuth | None:
    if not config.username:
        return None
    return httpx.BasicAuth(config.username, config.password.reveal() if config.password else "")


def _tls_fault(error: BaseException) -> ssl.SSLError | None:
    """Return the TLS fault that caused the client's error, if any."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return cause


def _reason(error: httpx.ConnectError) -> str:
    """Return the operating system's message: `Connection refused`."""
    return str(error).removeprefix("[Errno ").partition("] ")[2] or str(error) or type(error).__name__
