"""What `toban.toml` says of a bucket, and clients for it."""

import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.store import S3Store as Bucket
from pydantic import AfterValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from toban.engine.bindings.model import Length, Section
from toban.engine.bindings.secret import Secret
from toban.engine.stores.sealed import SealedConfig

if TYPE_CHECKING:
    # In obstore's stubs only.
    from obstore.store import ClientConfig
    from obstore.store import S3Config as BucketSettings

_DEFAULT_REGION = "us-east-1"
_LONGEST_REQUEST = timedelta(hours=1)
"""Of one request, a part of an upload for instance; what stands still is noticed by `_STILL`."""
_STILL = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(seconds=5)
"""Between two attempts: a server that is back must not be left waiting."""


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

    def settings_client(self) -> Any:
        """Return boto3's client, for what obstore has no words for; raises `SecretUnavailable`."""
        style = "virtual" if self.addressing == "virtual" else "path"
        return self._session().client(
            "s3",
            endpoint_url=self.endpoint or None,
            verify=str(self.ca_file) if self.ca_file else None,
            config=Config(
                s3={"addressing_style": style},
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 3},
            ),
        )

    def _session(self) -> Any:
        return boto3.Session(
            aws_access_key_id=self.access_key.reveal() if self.access_key else None,
            aws_secret_access_key=self.secret_key.reveal() if self.secret_key else None,
            region_name=self.region or None,
        )


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

    def bucket_client(self) -> Bucket:
        """Return the client that moves objects; raises `SecretUnavailable`."""
        session = self._session()
        settings: BucketSettings = {"region": session.region_name or _DEFAULT_REGION}
        if self.endpoint:
            settings["endpoint"] = self._endpoint_of_bucket()
        if self.addressing == "virtual":
            settings["virtual_hosted_style_request"] = True
        if self.checksum != "none":
            settings["checksum_algorithm"] = self.checksum
        if self.encryption:
            settings["server_side_encryption"] = self.encryption
        if self.kms_key:
            settings["sse_kms_key_id"] = self.kms_key
        client: ClientConfig = {
            "allow_http": self.endpoint.startswith("http://"),
            "timeout": _LONGEST_REQUEST,
            "read_timeout": _STILL,
        }
        if self.ca_file is not None:
            client["root_certificate"] = self.ca_file.read_bytes()
        return Bucket(
            self.bucket,
            prefix=self.folder.rstrip("/") or None,
            config=settings,
            client_options=client,
            retry_config={
                # The time is the bound: a count would be reached first by quick refusals.
                "max_retries": 1000,
                "retry_timeout": self.retry_for,
                "backoff": {"max_backoff": _LONGEST_PAUSE},
            },
            credential_provider=Boto3CredentialProvider(session),
        )

    def _endpoint_of_bucket(self) -> str:
        if self.addressing == "path":
            return self.endpoint
        scheme, _, host = self.endpoint.partition("://")
        return f"{scheme}://{self.bucket}.{host}"
