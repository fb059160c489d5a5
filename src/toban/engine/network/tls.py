"""TLS: which certificates to trust, how long one is valid, and faults in the operator's words."""

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo

from toban.engine.bindings.section import invalid
from toban.message import Message

_SECONDS_A_DAY = 86_400
# OpenSSL's numbers from x509_vfy.h, for which Python has no names.
_NOT_YET_VALID, _HAS_EXPIRED = 9, 10
_SELF_SIGNED = frozenset((18, 19))
_UNKNOWN_ISSUER = frozenset((2, 20, 21))
_OTHER_NAME = frozenset((62, 64))
_NO_CHECK_TIME = 0x200000


def _certificates(path: Path, info: ValidationInfo) -> Path:
    """Return *path*, relative to the folder of `toban.toml`; complain if it holds no readable certificate."""
    path = (info.context or {}).get("base", Path()) / path
    try:
        ssl.create_default_context().load_verify_locations(path)
    except OSError as error:
        raise invalid(Message("network.ca-file-not-readable"), Message("network.write-pem-file")) from error
    return path


type CaFile = Annotated[Path, AfterValidator(_certificates)]
"""Certificates to trust besides those of the system."""


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Return a client's context that verifies chain, name and time; it is shared, and must not be changed."""
    # The system's certificates take as long to load as a whole measurement: a thousand sources share one
    # context.
    return _trusting_the_system() if ca_file is None else _new_context(ca_file)


@cache
def _trusting_the_system() -> ssl.SSLContext:
    return _new_context(None)


def _new_context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context


def days_left(certificate: Mapping[str, Any], now: datetime) -> float:
    """Return the days until *certificate* (from `getpeercert()`) expires; below zero, days since then."""
    return (ssl.cert_time_to_seconds(certificate["notAfter"]) - now.timestamp()) / _SECONDS_A_DAY


def tls_words(error: ssl.SSLError) -> Message:
    """Return what is wrong with the other side's TLS, without any secret."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        if not error.reason:
            return Message("network.tls-broken")
        return Message("network.tls-failed", reason=error.reason)
    code = error.verify_code
    if code == _HAS_EXPIRED:
        return Message("network.certificate-expired")
    if code == _NOT_YET_VALID:
        return Message("network.certificate-not-yet-valid")
    if code in _SELF_SIGNED:
        return Message("network.certificate-self-signed")
    if code in _UNKNOWN_ISSUER:
        return Message("network.certificate-of-unknown-issuer")
    if code in _OTHER_NAME:
        return Message("network.certificate-for-other-name")
    return Message("network.certificate-not-verified", reason=error.verify_message)


@dataclass(frozen=True, slots=True)
class TlsPlace:
    """A TLS server: its expected name, and the authorities that may sign its certificate."""

    address: tuple[str, int]
    server_name: str
    ca_file: Path | None
    timeout: float
    """Seconds for the connection, and again for the handshake."""


def expired_days(error: ssl.SSLError, place: TlsPlace, now: datetime) -> float | None:
    """Return the days, below zero, since the certificate in *error* expired; None for any other fault.

    A certificate that fails verification can't be read from the failed connection, so this connects a second
    time, ignoring only the time check. A certificate that is untrusted for another reason has no lifetime to
    report, nor does one whose issuer's certificate is the expired one.
    """
    if not isinstance(error, ssl.SSLCertVerificationError) or error.verify_code != _HAS_EXPIRED:
        return None
    context = _new_context(place.ca_file)
    context.verify_flags |= _NO_CHECK_TIME
    certificate = None
    with (
        suppress(OSError),
        socket.create_connection(place.address, place.timeout) as connection,
        context.wrap_socket(connection, server_hostname=place.server_name) as tls,
    ):
        certificate = tls.getpeercert()
    days = days_left(certificate, now) if certificate else 0.0
    return days if days < 0 else None
