"""Settings in `toban.toml` for a bucket."""

import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.values import Length
from toban.engine.stores.sealed import SealedConfig
from toban.message import Message


def _certificates(path: Path, info: ValidationInfo) -> Path:
    path = (info.context or {}).get("base", Path()) / path
    try:
        ssl.create_default_context().load_verify_locations(path)
    except OSError as error:
        raise invalid(
            Message("bindings.unreadable-certificate"), Message("bindings.name-a-pem-file")
        ) from error
    return path


def _endpoint(written: str) -> str:
    parts = urlsplit(written)
    is_address = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    if written and not (is_address and parts.path in {"", "/"} and not parts.query):
        raise invalid(Message("stores.not-an-endpoint"), Message("stores.write-a-bare-endpoint"))
    return written.rstrip("/")


class BucketAddress(Section):
    """The location of a bucket, and the credentials for it."""

    bucket: str = Field(min_length=3, max_length=63, pattern=r"^[a-z0-9][a-z0-9.-]*$")
    region: str = ""
    """Empty: the environment's."""
    endpoint: Annotated[str, AfterValidator(_endpoint)] = ""
    """The URL of a server that is not Amazon's."""
    addressing: Literal["path", "virtual"] = "path"
    """Whether the bucket's name is in the path or in front of the host name."""
    access_key: Secret | None = None
    """With `secret_key`; without both: the environment, AWS's own files, or the role of the machine."""
    secret_key: Secret | None = None
    ca_file: Annotated[Path, AfterValidator(_certificates)] | None = None
    """Certificates to trust in addition to the system's."""

    @model_validator(mode="after")
    def _keys_are_a_pair(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            raise invalid(Message("bindings.one-key-of-two"), Message("bindings.write-both-keys-or-none"))
        return self


class S3Config(BucketAddress, SealedConfig):
    """`kind = "s3"`."""

    example: ClassVar[Mapping[str, str]] = {"bucket": "backups"}

    prefix: str = ""
    """The beginning of all keys."""
    encryption: Literal["", "AES256", "aws:kms"] = ""
    """The server's encryption; empty: the bucket's own default."""
    kms_key: str = ""
    checksum: Literal["sha256", "crc64nvme", "none"] = "sha256"
    """The checksum that the server verifies and stores for each part."""
    part_mib: int = Field(default=16, ge=5, le=512)
    """Size of a part; an object has at most 10,000 parts."""
    parallel: int = Field(default=4, ge=1, le=32)
    """Number of parts of one object that are transferred at once."""
    retry_for: Length = timedelta(minutes=3)
    """How long a request is retried while the server is unavailable."""

    @model_validator(mode="after")
    def _key_has_a_use(self) -> Self:
        if self.kms_key and self.encryption != "aws:kms":
            raise invalid(Message("stores.kms-key-without-kms"), Message("stores.add-kms"))
        return self

    @property
    def folder(self) -> str:
        """The prefix in the form that keys begin with: empty, or ending in a slash."""
        bare = self.prefix.strip("/")
        return f"{bare}/" if bare else ""

    @property
    def place(self) -> str:
        """The bucket's name for operators."""
        return f"s3://{self.bucket}/{self.folder}".rstrip("/")
