"""The TCP probe: connects as a client would, and with `tls` checks the server's certificate."""

import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import ClassVar

from pydantic import Field, model_validator

from toban.chapters.monitoring.source import Measurement, SourceKind, Unmeasurable
from toban.chapters.monitoring.sources.address import Address
from toban.design.values.metric import Metric
from toban.engine.bindings.section import Section, invalid
from toban.engine.network.tls import (
    CaFile,
    TlsPlace,
    days_left,
    expired_days,
    tls_words,
    trusting,
)
from toban.message import NOTHING, Message


class TcpConfig(Section):
    """`kind = "tcp"`: a port that accepts connections if the service is healthy."""

    example: ClassVar[Mapping[str, str]] = {"address": "192.0.2.1:22"}

    address: Address
    instance: str = ""
    """Its name for operators; empty: host and port."""
    timeout: float = Field(default=5.0, gt=0, le=60)
    """Seconds for the connection, and again for the TLS handshake."""
    tls: bool = False
    """Whether the service uses TLS from the first byte: then its certificate is verified."""
    server_name: str = ""
    """The name the certificate must be for, also sent as SNI; empty: the host."""
    ca_file: CaFile | None = None

    @model_validator(mode="after")
    def _names_need_tls(self) -> "TcpConfig":
        if not self.tls and (self.server_name or self.ca_file):
            raise invalid(Message("monitoring.needs-tls", keys=("server_name", "ca_file")))
        return self


class TcpProbe:
    """One port. The response time covers name lookup and connecting, but not the handshake."""

    def __init__(self, config: TcpConfig) -> None:
        self._config = config
        self._place = TlsPlace(
            (config.address.host, config.address.port),
            config.server_name or config.address.host,
            config.ca_file,
            config.timeout,
        )
        self._context = trusting(config.ca_file) if config.tls else None

    @property
    def instance(self) -> str:
        return self._config.instance or str(self._config.address)

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Connect once; `Unmeasurable` carries `UP` 0, and how long ago a certificate expired."""
        try:
            return self._connect(now)
        except ssl.SSLError as error:
            days = expired_days(error, self._place, now)
            lifetime = [] if days is None else [self._measured(Metric.CERTIFICATE_LIFETIME, now, days)]
            raise self._down(tls_words(error), now, lifetime) from error
        except TimeoutError as error:
            why = Message("network.no-answer-in-time", seconds=self._config.timeout)
            raise self._down(why, now) from error
        except (OSError, ValueError) as error:
            # An invalid host name fails before any network access, in the encoding of names.
            reason = getattr(error, "strerror", None) or Message("monitoring.name-not-resolved")
            raise self._down(Message("network.cannot-connect", reason=reason), now) from error

    def close(self) -> None:
        """Nothing is kept open between two measurements."""

    def _connect(self, now: datetime) -> list[Measurement]:
        started = monotonic()
        with socket.create_connection(self._place.address, self._config.timeout) as connection:
            found = [
                self._measured(Metric.UP, now, 1.0),
                self._measured(Metric.RESPONSE_TIME, now, 1000 * (monotonic() - started)),
            ]
            if self._context is not None:
                name = self._place.server_name
                with self._context.wrap_socket(connection, server_hostname=name) as tls:
                    days = days_left(tls.getpeercert() or {}, now)
                found.append(self._measured(Metric.CERTIFICATE_LIFETIME, now, days))
        return found

    def _measured(self, metric: Metric, now: datetime, value: float, note: Message = NOTHING) -> Measurement:
        return Measurement(metric, self.instance, now, value, note)

    def _down(self, why: Message, now: datetime, others: Sequence[Measurement] = ()) -> Unmeasurable:
        said = Message("monitoring.at-place", place=self.instance, said=why)
        return Unmeasurable(said, [self._measured(Metric.UP, now, 0.0, note=why), *others])


KIND = SourceKind(
    config=TcpConfig,
    measures=frozenset((Metric.UP, Metric.RESPONSE_TIME, Metric.CERTIFICATE_LIFETIME)),
    build=TcpProbe,
)
