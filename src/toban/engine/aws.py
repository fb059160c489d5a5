"""AWS clients, and what AWS errors mean.

Error codes common to all services: https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html
"""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError
from botocore.parsers import ResponseParserError

from toban.engine.bindings.aws import AwsAccess
from toban.message import Message

_KEYS = Message("engine.aws-rejects-keys")
_DENIED = Message("engine.aws-denies-access")
_EXPIRED = Message("engine.aws-keys-expired")
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


type AwsError = ClientError | BotoCoreError | ResponseParserError
FAULTS = (ClientError, BotoCoreError, ResponseParserError)
"""What a request to AWS may raise: a refusal, no answer, and an answer of somebody who is not AWS."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request to AWS failed."""

    words: Message
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


_LONGEST_SAID = 300


def code_of(error: ClientError) -> str:
    """Return the code of an error response: `DBSnapshotAlreadyExists`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def fault_of(error: AwsError, service: str) -> Fault:
    """Explain in plain words why *service* refused a request or could not be reached."""
    if isinstance(error, ResponseParserError):
        # Its text quotes the whole answer, which may quote the request.
        return Fault(Message("engine.aws-answer-unreadable", service=service), passes=True)
    if isinstance(error, EndpointConnectionError | HTTPClientError):
        return Fault(Message("engine.aws-unreachable", service=service, why=error), passes=True)
    if isinstance(error, BotoCoreError):
        # No credentials, no such region: a retry changes nothing.
        return Fault(Message("engine.aws-cannot-ask", service=service, why=error), passes=False)
    code = code_of(error)
    said = str(error.response.get("Error", {}).get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    is_throttled = code in _THROTTLED
    words = Message("engine.aws-throttles") if is_throttled else _WORDS.get(code)
    return Fault(
        Message(
            "engine.aws-answered",
            words=words or Message("engine.aws-refused", service=service),
            operation=error.operation_name,
            # A longer answer may quote the request, with its signature.
            answer=" ".join(f"{code} {said}".split())[:_LONGEST_SAID],
        ),
        passes=is_throttled or status >= 500,
        is_throttled=is_throttled,
    )
