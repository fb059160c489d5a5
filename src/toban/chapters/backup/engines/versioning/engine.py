"""A bucket that keeps former versions by itself: `kind = "versioning"`. Its settings are watched and fixed.

Versioning: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
Life cycle: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
Of several rules that match an object, the one that expires it first wins.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from toban.chapters.backup.engine import (
    ActWatch,
    BackupCheck,
    BackupFailed,
    Method,
    RestoredBackup,
    RestoreOrder,
    TakenBackup,
    VersionGuard,
)
from toban.chapters.backup.engines.versioning.config import VersioningBackup
from toban.design.values.backup_method import BackupMethod
from toban.design.values.duration import Duration, Forever, Generations, Retention, TimeUnit
from toban.engine.bindings.secret import SecretUnavailable
from toban.engine.stores.s3.clients import settings_client
from toban.engine.stores.s3.settings import Settings, settings_of
from toban.engine.stores.s3.trouble import trouble_of
from toban.engine.stores.store import StoreTrouble
from toban.engine.trial import Doubt
from toban.message import Message, listing, message_of

_OURS = "toban-former-versions"
"""The id of the rule that Toban writes."""


def compare(settings: Settings, days: int | None) -> VersionGuard:
    """Compare *settings* with *days* of retention; None: only check that versions are kept at all."""
    faults, excesses, changes = [], [], []
    is_on = settings.versioning == "Enabled"
    if not is_on:
        faults.append(
            Message(
                "backup-engines.versioning-suspended"
                if settings.versioning
                else "backup-engines.versioning-off"
            )
        )
        changes.append(Message("backup-engines.enable-versioning"))
    expiring = [rule for rule in settings.rules if _expires_after(rule) is not None]
    short = [rule for rule in expiring if days is not None and (_expires_after(rule) or 0) < days]
    for rule in short:
        after = _expires_after(rule)
        faults.append(Message("backup-engines.versions-expire-early", rule=_named(rule), count=after))
        changes.append(
            Message("backup-engines.keep-versions-longer", rule=_named(rule), before=after, after=days)
        )
    everywhere = [rule for rule in expiring if _is_everywhere(rule) and rule not in short]
    kept = min((_expires_after(rule) or 0 for rule in everywhere), default=None)
    if days is not None and (kept is None or kept > days) and not any(map(_is_everywhere, short)):
        excesses.append(
            Message("backup-engines.versions-kept-too-long", kept=kept, days=days)
            if kept
            else Message("backup-engines.versions-kept-for-ever", days=days)
        )
        changes.append(Message("backup-engines.add-expiry", rule=_OURS, count=days))
    return VersionGuard(_value(settings, expiring), tuple(faults), tuple(excesses), tuple(changes))


def _value(settings: Settings, expiring: Sequence[Mapping[str, Any]]) -> Message:
    is_on = settings.versioning == "Enabled"
    shortest = min((_expires_after(rule) or 0 for rule in expiring), default=None)
    found = [
        Message("backup-engines.versioning-is-on" if is_on else "backup-engines.versioning-is-off"),
        Message("backup-engines.versions-do-not-expire")
        if shortest is None
        else Message("backup-engines.versions-kept", count=shortest),
    ]
    return listing([*found, settings.lock] if settings.lock else found)


def mended_rules(settings: Settings, days: int) -> list[dict[str, Any]]:
    """Return life cycle rules that keep former versions for *days*, with all other rules unchanged."""
    rules = [dict(rule) for rule in settings.rules if rule.get("ID") != _OURS]
    for rule in rules:
        after = _expires_after(rule)
        if after is not None and after < days:
            rule["NoncurrentVersionExpiration"] = {
                **rule["NoncurrentVersionExpiration"],
                "NoncurrentDays": days,
            }
    if not any(_is_everywhere(rule) and _expires_after(rule) == days for rule in rules):
        rules.append(
            {
                "ID": _OURS,
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "NoncurrentVersionExpiration": {"NoncurrentDays": days},
            }
        )
    return rules


class Bucket:
    """One bucket, as an engine that takes no backups."""

    methods: frozenset[Method] = frozenset()

    def __init__(self, config: VersioningBackup) -> None:
        self._config = config

    def look(self, days: int | None) -> VersionGuard:
        """See `KeepsVersions`."""
        return compare(self._settings(), days)

    def mend(self, days: int | None) -> Sequence[Message]:
        """See `KeepsVersions`."""
        settings = self._settings()
        changes = compare(settings, days).changes
        with self._asking():
            client = settings_client(self._config)
            if settings.versioning != "Enabled":
                client.put_bucket_versioning(
                    Bucket=self._config.bucket, VersioningConfiguration={"Status": "Enabled"}
                )
            if days is not None and len(changes) > (settings.versioning != "Enabled"):
                client.put_bucket_lifecycle_configuration(
                    Bucket=self._config.bucket,
                    LifecycleConfiguration={"Rules": mended_rules(settings, days)},
                )
        return changes

    def own_keeping(self, method: BackupMethod) -> Sequence[Retention | Generations]:  # noqa: ARG002
        """See `KeepsByItself`: the shortest life of a former version; for ever if none is removed."""
        settings = self._settings()
        days = [after for rule in settings.rules if (after := _expires_after(rule)) is not None]
        if settings.versioning != "Enabled":
            return ()
        return (Duration(Decimal(min(days)), TimeUnit.DAY) if days else Forever(),)

    def take(self, label: str, method: Method, parent: TakenBackup | None, watch: ActWatch) -> TakenBackup:  # noqa: ARG002 - the Protocol's
        """Refuse: the bucket itself keeps former versions."""
        raise BackupFailed(Message("backup-engines.bucket-takes-no-backups"), retry=False)

    def verify(self, taken: TakenBackup, watch: ActWatch) -> BackupCheck:  # noqa: ARG002 - the Protocol's
        """Return success: there is no backup of its own to read back."""
        return BackupCheck(True)

    def restore(self, order: RestoreOrder, watch: ActWatch) -> RestoredBackup:  # noqa: ARG002 - the Protocol's
        """Refuse, and say how to restore instead."""
        raise BackupFailed(Message("backup-engines.versions-are-restored-in-s3"), retry=False)

    def remove(self, taken: TakenBackup) -> None:
        """Do nothing: there is no backup of its own to remove."""

    def doubts(self) -> Sequence[Doubt]:
        """See `BackupEngine`."""
        try:
            self._settings()
        except StoreTrouble as error:
            return (message_of(error),)
        return ()

    def close(self) -> None:
        """There is nothing to close."""

    def _settings(self) -> Settings:
        with self._asking():
            return settings_of(self._config)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        place = f"s3://{self._config.bucket}"
        try:
            yield
        except SecretUnavailable as error:
            raise StoreTrouble(
                Message("backup-engines.keys-unavailable", place=place, error=message_of(error))
            ) from error
        except (BotoCoreError, ClientError, ResponseParserError, OSError) as error:
            raise trouble_of(error, place, Message("backup-engines.bucket-settings")) from error


def _expires_after(rule: Mapping[str, Any]) -> int | None:
    """Return after how many days *rule* removes former versions; None if it does not."""
    if rule.get("Status") != "Enabled":
        return None
    days = rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays")
    return int(days) if days is not None else None


def _is_everywhere(rule: Mapping[str, Any]) -> bool:
    """Whether *rule* applies to every object in the bucket; old spellings are understood."""
    narrowing = {**rule.get("Filter", {})}
    prefix = narrowing.pop("Prefix", rule.get("Prefix", ""))
    keeps_newest = rule.get("NoncurrentVersionExpiration", {}).get("NewerNoncurrentVersions")
    return not prefix and not narrowing and not keeps_newest


def _named(rule: Mapping[str, Any]) -> Message | str:
    return rule.get("ID") or rule.get("Filter", {}).get("Prefix") or Message("backup-engines.unnamed")
