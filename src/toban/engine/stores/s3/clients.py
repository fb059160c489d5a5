"""Clients for a bucket: obstore's transfers objects, boto3's does what obstore can't."""

from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import Loader, create_loader
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.store import S3Store as Bucket

from toban.engine.stores.s3.config import BucketAddress, S3Config

if TYPE_CHECKING:
    # These exist in obstore's stubs only.
    from obstore.store import ClientConfig
    from obstore.store import S3Config as BucketSettings

_DEFAULT_REGION = "us-east-1"
_LONGEST_REQUEST = timedelta(hours=1)
"""Limit for one request, such as a part of an upload; `_STILL` detects one that makes no progress."""
_STILL = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(seconds=5)
"""The longest pause between two attempts: a server that is back must be used soon."""


def settings_client(address: BucketAddress, *, read_timeout: float = 30, attempts: int = 3) -> Any:
    """Return boto3's client; raises `SecretUnavailable`. *read_timeout* is in seconds, for each attempt."""
    style = "virtual" if address.addressing == "virtual" else "path"
    return _session(address).client(
        "s3",
        endpoint_url=address.endpoint or None,
        verify=str(address.ca_file) if address.ca_file else None,
        config=Config(
            s3={"addressing_style": style},
            connect_timeout=5,
            read_timeout=read_timeout,
            retries={"total_max_attempts": attempts},
        ),
    )


def bucket_client(config: S3Config) -> Bucket:
    """Return the client that transfers objects; raises `SecretUnavailable`."""
    session = _session(config)
    settings: BucketSettings = {"region": session.region_name or _DEFAULT_REGION}
    if config.endpoint:
        settings["endpoint"] = _endpoint(config)
    if config.addressing == "virtual":
        settings["virtual_hosted_style_request"] = True
    if config.checksum != "none":
        settings["checksum_algorithm"] = config.checksum
    if config.encryption:
        settings["server_side_encryption"] = config.encryption
    if config.kms_key:
        settings["sse_kms_key_id"] = config.kms_key
    client: ClientConfig = {
        "allow_http": config.endpoint.startswith("http://"),
        "timeout": _LONGEST_REQUEST,
        "read_timeout": _STILL,
    }
    if config.ca_file is not None:
        client["root_certificate"] = config.ca_file.read_bytes()
    return Bucket(
        config.bucket,
        prefix=config.folder.rstrip("/") or None,
        config=settings,
        client_options=client,
        retry_config={
            # Time is the limit: quick refusals would use up a count too early.
            "max_retries": 1000,
            "retry_timeout": config.retry_for,
            "backoff": {"max_backoff": _LONGEST_PAUSE},
        },
        credential_provider=Boto3CredentialProvider(session),
    )


def _session(address: BucketAddress) -> Any:
    session = botocore.session.get_session()
    session.register_component("data_loader", _models())
    return boto3.Session(
        botocore_session=session,
        aws_access_key_id=address.access_key.reveal() if address.access_key else None,
        aws_secret_access_key=address.secret_key.reveal() if address.secret_key else None,
        region_name=address.region or None,
    )


@cache
def _models() -> Loader:
    """Return the descriptions of AWS's services; they are read once, since that takes a tenth of a second."""
    return create_loader(botocore.session.get_session().get_config_variable("data_path"))


def _endpoint(config: S3Config) -> str:
    if config.addressing == "path":
        return config.endpoint
    scheme, _, host = config.endpoint.partition("://")
    return f"{scheme}://{config.bucket}.{host}"
