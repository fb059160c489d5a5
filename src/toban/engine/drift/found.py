"""What was seen of the settings, compared with the document in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from toban.engine.drift.acts import said_of
from toban.engine.drift.bindings import DRIFT
from toban.engine.drift.looking import compared
from toban.engine.drift.models import SeenSetting
from toban.engine.drift.setting import ComparedSetting, reckoning_of
from toban.engine.editions.edition import Edition
from toban.message import NOTHING, Message, listing

_LATE_LOOKS = 3
"""After so many looks that should have been, what the last one has seen says nothing."""


class DriftState(StrEnum):
    """Whether reality is as the document says."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"

    @property
    def word(self) -> Message:
        """Its name."""
        return Message(f"drift.state-{self}")


@dataclass(frozen=True, slots=True)
class FoundSetting:
    """A setting, and what is known of it."""

    setting: ComparedSetting
    state: DriftState
    stated: Message
    """What the row says, in words."""
    real: Message = NOTHING
    """What was seen last; nothing if it never was."""
    why: Message = NOTHING
    """Why nothing is known."""
    seen: SeenSetting | None = None

    @property
    def before(self) -> Message:
        """What it was before it changed while Toban looked."""
        if self.seen is None or self.seen.before_until is None:
            return NOTHING
        return said_of(self.setting.value, self.seen.before)


def found_settings(edition: Edition, now: datetime) -> Sequence[FoundSetting]:
    """Return every setting that is compared, in the order of the document's rows.

    What a system has been seen to set nothing for is left out.
    """
    every = DRIFT.of(edition.bindings).every
    settings = compared(edition)
    known = SeenSetting.objects.in_bulk(settings)
    found = [
        _found(each, known.get(key), edition, every, now)
        for key, each in settings.items()
        if not _is_unset(known.get(key))
    ]
    return sorted(found, key=lambda each: each.setting.row.origin)


def differences(edition: Edition, now: datetime) -> Mapping[str, Message]:
    """Return by the row's id what reality is, of each row that states something else."""
    found: dict[str, list[Message]] = {}
    for each in found_settings(edition, now):
        if each.state is DriftState.DIFFERENT:
            said = Message("drift.on-its-row", what=each.setting.value.label, real=each.real)
            found.setdefault(each.setting.row.id, []).append(said)
    return {row: listing(said) for row, said in found.items()}


def _is_unset(seen: SeenSetting | None) -> bool:
    return seen is not None and seen.seen_at is not None and not (seen.real or seen.trouble)


def _found(
    setting: ComparedSetting, seen: SeenSetting | None, edition: Edition, every: timedelta, now: datetime
) -> FoundSetting:
    value, stated = setting.value, setting.value.said(setting.stated)
    real = value.read(seen.real) if seen is not None and seen.real else None
    said = NOTHING if real is None else value.said(real)
    why = _why_unknown(seen, every, now)
    if why or real is None:
        return FoundSetting(setting, DriftState.UNKNOWN, stated, said, why or Message("drift.not-yet"), seen)
    is_same = value.is_same(setting.stated, real, reckoning_of(edition))
    return FoundSetting(
        setting, DriftState.SAME if is_same else DriftState.DIFFERENT, stated, said, seen=seen
    )


def _why_unknown(seen: SeenSetting | None, every: timedelta, now: datetime) -> Message:
    if seen is None:
        return Message("drift.not-yet")
    trouble: Message = seen.trouble
    if trouble:
        return trouble
    if seen.seen_at is not None and now - seen.seen_at > every * _LATE_LOOKS:
        return Message("drift.looked-long-ago", at=seen.seen_at)
    return NOTHING
