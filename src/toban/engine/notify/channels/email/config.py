"""Settings in `toban.toml` for the mail server."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import invalid
from toban.engine.notify.channels.email.address import mail_address
from toban.engine.notify.delivery.channel import ChannelConfig
from toban.message import Message

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _beside_the_file(written: Path, info: ValidationInfo) -> Path:
    """Resolve a relative path against the folder of toban.toml."""
    base: Path = (info.context or {}).get("base", Path())
    return base / written


def _address(written: str) -> str:
    if mail_address(written) is None:
        raise invalid(Message("notify.not-a-mail-address"))
    return written


class EmailConfig(ChannelConfig):
    """`[channels.NAME]` with `kind = "email"`."""

    example: ClassVar[Mapping[str, str | int | Sequence[str]]] = {
        "host": "smtp.example.com",
        "port": 587,
        "sender": "toban@example.com",
        "username": "toban",
        "password": "env:SMTP_PASSWORD",
    }

    host: str
    sender: Annotated[str, AfterValidator(_address)]
    """The sender address of notifications."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """STARTTLS, TLS from the first byte (SMTPS), or neither: for a relay on the same machine."""
    port: int = Field(default=0, ge=0, le=65_535)
    """0 selects the usual one: 587, 465 or 25."""
    username: str = ""
    password: Secret | None = None
    ca_file: Annotated[Path, AfterValidator(_beside_the_file)] | None = None
    """Certificates to trust in addition to the system's: a company's own authority."""
    timeout: float = Field(default=10, gt=0, le=30)
    """Seconds for each reply of the server."""

    @property
    def port_used(self) -> int:
        """The port to connect to."""
        return self.port or _PORTS[self.security]

    @model_validator(mode="after")
    def _password_is_encrypted(self) -> Self:
        if bool(self.username) is not (self.password is not None):
            raise invalid(Message("notify.half-a-login"))
        if self.password is not None and self.security == "none":
            raise invalid(Message("notify.password-without-tls"))
        return self
