"""What `toban.toml` says of a bucket."""

import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import Section
from toban.engine.bindings.values import Length
from toban.engine.stores.sealed import SealedConfig


def _certificates(path: Path, info: ValidationInfo) -> Path:
    path = (info.context or {}).get("base", Path()) / path
    try:
        ssl.create_default_context().load_verify_locations(path)
    except OSError as error:
        hint = "PEM 形式の証明書のファイルを指してください"
        raise PydanticCustomError("ca_file", "証明書を読めません", {"hint": hint}) from error
    return path


def _endpoint(written: str) -> str:
    parts = urlsplit(written)
    is_address = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    if written and not (is_address and parts.path in {"", "/"} and not parts.query):
        hint = "https://s3.example.com のように、バケット名も鍵も付けずに書いてください"
        raise PydanticCustomError("endpoint", "S3 の入口の URL ではありません", {"hint": hint})
    return written.rstrip("/")


class BucketAddress(Section):
    """Where a bucket is, and who asks."""

    bucket: str = Field(min_length=3, max_length=63, pattern=r"^[a-z0-9][a-z0-9.-]*$")
    region: str = ""
    """Empty: the environment's."""
    endpoint: Annotated[str, AfterValidator(_endpoint)] = ""
    """Of a server that is not Amazon's."""
    addressing: Literal["path", "virtual"] = "path"
    """Whether the bucket stands in the path or in front of the host."""
    access_key: Secret | None = None
    """With `secret_key`; without both: the environment, AWS's own files, or the role of the machine."""
    secret_key: Secret | None = None
    ca_file: Annotated[Path, AfterValidator(_certificates)] | None = None
    """Certificates to trust beside those of the system."""

    @model_validator(mode="after")
    def _keys_are_a_pair(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            hint = "access_key と secret_key は両方書くか、両方省いてください"
            raise PydanticCustomError("keys", "鍵の片方だけが書かれています", {"hint": hint})
        return self


class S3Config(BucketAddress, SealedConfig):
    """`kind = "s3"`."""

    example: ClassVar[Mapping[str, str]] = {"bucket": "backups"}

    prefix: str = ""
    """What all keys begin with."""
    encryption: Literal["", "AES256", "aws:kms"] = ""
    """What the server encrypts with; empty: the bucket's own default."""
    kms_key: str = ""
    checksum: Literal["sha256", "crc64nvme", "none"] = "sha256"
    """That the server checks and keeps for each part."""
    part_mib: int = Field(default=16, ge=5, le=512)
    """Size of a part; an object has 10,000 of them at most."""
    parallel: int = Field(default=4, ge=1, le=32)
    """Parts of one object that are under way at once."""
    retry_for: Length = timedelta(minutes=3)
    """How long a request is tried again while the server is away."""

    @model_validator(mode="after")
    def _key_has_a_use(self) -> Self:
        if self.kms_key and self.encryption != "aws:kms":
            hint = 'encryption = "aws:kms" を足してください'
            raise PydanticCustomError("kms_key", "kms_key は aws:kms のときだけ使えます", {"hint": hint})
        return self

    @property
    def folder(self) -> str:
        """The prefix as keys begin with it: empty, or ending in a slash."""
        bare = self.prefix.strip("/")
        return f"{bare}/" if bare else ""

    @property
    def place(self) -> str:
        """What operators call it."""
        return f"s3://{self.bucket}/{self.folder}".rstrip("/")
