"""E-mail: a thin SMTP sender (RFC 5321, STARTTLS by RFC 3207, implicit TLS by RFC 8314)."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from toban.engine.notify.channels.email.address import mail_address
from toban.engine.notify.channels.email.config import EmailConfig
from toban.engine.notify.channels.email.payload import payload
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice
from toban.message import Message

_NAME = Message("notify.mail")
_PERMANENT = 500
"""Replies from this code on are final; 4xx means try again later."""


class Email:
    """Sends each notification as one mail to one address."""

    def __init__(self, config: EmailConfig) -> None:
        self._config = config

    def send(self, notice: Notice, addresses: tuple[str, ...]) -> str:
        """Hand the mail to the server and return its Message-ID."""
        recipient, sender = mail_address(next(iter(addresses), "")), mail_address(self._config.sender)
        if recipient is None or sender is None:
            raise Undelivered(Message("notify.bad-recipient", channel=_NAME), retry=False)
        message = payload(notice, sender, recipient)
        with self._session() as server:
            server.send_message(message)
        return str(message["Message-ID"])

    def greet(self) -> None:
        """Connect and sign in as for a mail, but send none; raises `Undelivered`."""
        with self._session():
            pass

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """Yield the server, signed in; raises `Undelivered` for any failure of the session."""
        password = self._config.password.reveal() if self._config.password else ""
        try:
            with self._connected() as server:
                if password:
                    server.login(self._config.username, password)
                yield server
        except smtplib.SMTPException as error:
            raise _refusal(error, password) from None
        except ssl.SSLCertVerificationError as error:
            raise _undelivered("notify.certificate-unverified", error.verify_message) from None
        except TimeoutError:
            raise Undelivered(Message("notify.no-answer-in-time", channel=_NAME), retry=True) from None
        except OSError as error:
            raise _undelivered("notify.unreachable", error.strerror or type(error).__name__) from None

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        config = self._config
        # Without a name, smtplib asks the resolver for one, which can take longer than the mail itself.
        name = socket.gethostname()
        if config.security == "tls":
            opened: smtplib.SMTP = smtplib.SMTP_SSL(
                config.host, config.port_used, name, timeout=config.timeout, context=self._trust()
            )
        else:
            opened = smtplib.SMTP(config.host, config.port_used, name, timeout=config.timeout)
        with opened as server:
            if config.security == "starttls":
                # Raises if the server doesn't offer it: mail is never sent unencrypted instead.
                server.starttls(context=self._trust())
            yield server

    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._config.ca_file is not None:
            context.load_verify_locations(self._config.ca_file)
        return context


def _undelivered(code: str, detail: str) -> Undelivered:
    return Undelivered(Message("notify.because", why=Message(code, channel=_NAME), more=detail), retry=True)


def _refusal(error: smtplib.SMTPException, password: str) -> Undelivered:
    code, words = _answer(error)
    if code is None:
        retry = not isinstance(error, smtplib.SMTPNotSupportedError)
        why = "notify.server-hung-up" if retry else "notify.no-starttls-or-login"
        return Undelivered(Message(why, channel=_NAME), retry=retry)
    told = " ".join(words.decode("utf-8", "replace").split())[:200]
    if password:
        told = told.replace(password, "…")
    refusal = Message("notify.answered", channel=_NAME, status=code, words=told)
    return Undelivered(refusal, retry=code < _PERMANENT)


def _answer(error: smtplib.SMTPException) -> tuple[int | None, bytes]:
    """Return the server's own reply, if the error carries one."""
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            return next(iter(recipients.values()))
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=words):
            return code, words if isinstance(words, bytes) else words.encode()
        case _:
            return None, b""
