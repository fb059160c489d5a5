"""AWS clients, and what AWS errors mean.

Error codes common to all services: https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html
"""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError

from toban.engine.bindings.aws import AwsAccess

_KEYS = "鍵か権限が正しくありません"
_DENIED = "権限がありません"
_EXPIRED = "一時的な鍵の期限が切れています"
_WORDS = {
    "InvalidClientTokenId": _KEYS,
    "UnrecognizedClientException": _KEYS,
    "SignatureDoesNotMatch": _KEYS,
    "InvalidSignatureException": _KEYS,
    "AuthFailure": _KEYS,
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
}
_THROTTLED = frozenset(
    ("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException")
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request to AWS failed."""

    words: str
    """Text to show to people; contains no secret."""
    passes: bool
    """Whether a retry may help."""
    is_throttled: bool = False


def client(service: str, access: AwsAccess, *, read_timeout: float, attempts: int) -> Any:
    """Return a client for *service*; it does not connect yet.

    *read_timeout* is in seconds and applies to each attempt. A request that is throttled or not answered is
    retried with growing pauses, up to *attempts* attempts in all. Raises `SecretUnavailable`, or
    `BotoCoreError` for an impossible region or credentials.
    """
    keys = {}
    if access.access_key is not None and access.secret_key is not None:
        keys["aws_access_key_id"] = access.access_key.reveal()
        keys["aws_secret_access_key"] = access.secret_key.reveal()
    return boto3.client(
        service,
        region_name=access.region,
        endpoint_url=access.endpoint_url or None,
        config=Config(
            connect_timeout=5,
            read_timeout=read_timeout,
            retries={"mode": "standard", "total_max_attempts": attempts},
        ),
        **keys,
    )


def code_of(error: ClientError) -> str:
    """Return the code of an error response: `DBSnapshotAlreadyExists`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def fault_of(error: ClientError | BotoCoreError, service: str) -> Fault:
    """Explain in plain words why *service* refused a request or could not be reached."""
    if isinstance(error, EndpointConnectionError | HTTPClientError):
        return Fault(f"{service} に届きません: {error}", passes=True)
    if isinstance(error, BotoCoreError):
        # No credentials, no such region: a retry changes nothing.
        return Fault(f"{service} に尋ねられません: {error}", passes=False)
    code = code_of(error)
    said = str(error.response.get("Error", {}).get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    told = f"\n{error.operation_name}: {code} {said}".rstrip()
    if code in _THROTTLED:
        return Fault(f"AWS が要求を絞っています{told}", passes=True, is_throttled=True)
    return Fault(f"{_WORDS.get(code, f'{service} が断りました')}{told}", passes=status >= 500)
