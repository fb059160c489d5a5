"""Secrets by reference: `toban.toml` says where a secret is stored, never its value."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from toban.message import Message


class SecretUnavailable(Exception):
    """A reference points to no secret; the message names the place, which is not secret itself."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A reference to a secret: `env:NAME` or `file:PATH`. Printing it shows the reference only.

    The secret is read each time it is revealed, so a rotated file takes effect at once. A changed environment
    variable takes effect after a restart.
    """

    ENV: ClassVar[str] = "env:"
    FILE: ClassVar[str] = "file:"

    reference: str
    base: Path = Path()
    """The folder that a relative `file:` path starts from: the folder of `toban.toml`."""

    def __str__(self) -> str:
        return self.reference

    def reveal(self) -> str:
        """Return the secret itself, or raise `SecretUnavailable`."""
        if self.reference.startswith(self.ENV):
            name = self.reference.removeprefix(self.ENV)
            value = os.environ.get(name, "")
            if not value:
                raise SecretUnavailable(Message("bindings.no-such-variable", name=name))
            return value
        path = self._path
        try:
            value = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else Message("bindings.not-utf-8")
            raise SecretUnavailable(Message("bindings.unreadable-secret", path=path, why=why)) from error
        if not value:
            raise SecretUnavailable(Message("bindings.empty-secret", path=path))
        return value

    def is_at_hand(self) -> bool:
        """Return whether this process could reveal it now."""
        try:
            self.reveal()
        except SecretUnavailable:
            return False
        return True

    def is_open_to_all(self) -> bool:
        """Return whether every account of this machine may read the file that holds the secret."""
        if self.reference.startswith(self.ENV) or not self._path.exists():
            return False
        return bool(self._path.stat().st_mode & stat.S_IROTH)

    @property
    def _path(self) -> Path:
        return self.base / self.reference.removeprefix(self.FILE)

    @classmethod
    def read(cls, written: object, info: ValidationInfo) -> "Secret":
        """Return the reference as written. The error never quotes the text: it may be the secret itself."""
        if isinstance(written, cls):
            return written
        is_reference = isinstance(written, str) and written.startswith((cls.ENV, cls.FILE))
        if not is_reference or not str(written).partition(":")[2].strip():
            raise PydanticCustomError("secret_literal", "the secret itself is written here")
        return cls(str(written), (info.context or {}).get("base", Path()))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(cls.read)
