"""A bucket's settings for overwritten and deleted objects.

Versioning: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
Object lock: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from toban.engine.stores.s3.clients import settings_client
from toban.engine.stores.s3.config import BucketAddress
from toban.message import NOTHING, Message

_NOT_SET = frozenset(
    {"NoSuchLifecycleConfiguration", "ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"}
)


@dataclass(frozen=True, slots=True)
class Settings:
    """A bucket's settings for earlier versions of objects."""

    versioning: str
    """`Enabled`, `Suspended`, or empty if it never was enabled."""
    rules: Sequence[Mapping[str, Any]]
    """The life-cycle rules, as the server returns them."""
    lock: Message
    """The object lock, `NOTHING` if there is none: `GOVERNANCE 30日`."""

    @property
    def in_words(self) -> Message:
        """Versioning and lock for operators."""
        versioning = {"Enabled": "enabled", "Suspended": "suspended"}.get(self.versioning, "disabled")
        return Message(
            "stores.guard",
            versioning=Message(f"stores.versioning-{versioning}"),
            lock=self.lock or Message("stores.no-lock"),
        )


def settings_of(address: BucketAddress) -> Settings:
    """Query the server; raises `SecretUnavailable` and botocore's errors."""
    client, bucket = settings_client(address), address.bucket
    versioning = client.get_bucket_versioning(Bucket=bucket).get("Status", "")
    lock = _or_none(lambda: client.get_object_lock_configuration(Bucket=bucket))
    return Settings(versioning, _rules(client, bucket), _default_lock(lock))


def rules_of(address: BucketAddress) -> Sequence[Mapping[str, Any]]:
    """Return the life-cycle rules alone; raises the same errors as `settings_of`."""
    return _rules(settings_client(address), address.bucket)


def _rules(client: Any, bucket: str) -> Sequence[Mapping[str, Any]]:
    life = _or_none(lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket))
    found: Sequence[Mapping[str, Any]] = (life or {}).get("Rules", ())
    return found


def expiry_below(rules: Iterable[Mapping[str, Any]], prefix: str) -> int | None:
    """Return after how many days the first of *rules* deletes objects with *prefix*; None if none does.

    Of several rules for one object, the one that expires it first wins. Rules for objects with tags are left
    out: Toban tags none.
    """
    found = (rule for rule in rules if rule.get("Status") == "Enabled" and not _is_of_tags(rule))
    days = (rule.get("Expiration", {}).get("Days") for rule in found if _meets(_prefix(rule), prefix))
    return min((int(each) for each in days if each is not None), default=None)


def _prefix(rule: Mapping[str, Any]) -> str:
    """Return what the keys of a rule begin with; old spellings are understood."""
    narrowing = rule.get("Filter", {})
    return str(narrowing.get("And", narrowing).get("Prefix", rule.get("Prefix", "")))


def _is_of_tags(rule: Mapping[str, Any]) -> bool:
    narrowing = rule.get("Filter", {})
    return "Tag" in narrowing or bool(narrowing.get("And", {}).get("Tags"))


def _meets(one: str, other: str) -> bool:
    """Return whether keys can begin with both."""
    return one.startswith(other) or other.startswith(one)


def lock(address: BucketAddress, key: str, until: datetime, mode: str) -> str:
    """Protect an object from deletion before *until*; return the lock that the server then reports.

    Returns an empty text if the bucket has no object lock; raises the same errors as `settings_of`.
    """
    client, bucket = settings_client(address), address.bucket
    if not settings_of(address).lock:
        return ""
    # Whole seconds: not every server can return fractions.
    kept = {"Mode": mode, "RetainUntilDate": until.astimezone(UTC).replace(microsecond=0)}
    client.put_object_retention(Bucket=bucket, Key=key, Retention=kept)
    held = client.head_object(Bucket=bucket, Key=key)
    date = held.get("ObjectLockRetainUntilDate")
    if date is None:
        return ""
    return f"{held.get('ObjectLockMode', '')} {date.astimezone(until.tzinfo):%Y-%m-%d}"


def _or_none(ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the server's answer; None if the bucket has no such setting."""
    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_SET:
            return None
        raise


def _default_lock(answer: Mapping[str, Any] | None) -> Message:
    configured = (answer or {}).get("ObjectLockConfiguration", {})
    if configured.get("ObjectLockEnabled") != "Enabled":
        return NOTHING
    kept = configured.get("Rule", {}).get("DefaultRetention", {})
    if not kept:
        return Message("stores.lock-without-default")
    mode = kept.get("Mode", "")
    if "Days" in kept:
        return Message("stores.lock-for-days", mode=mode, count=kept["Days"])
    return Message("stores.lock-for-years", mode=mode, count=kept.get("Years"))
