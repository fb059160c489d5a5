"""Looks at the settings that rows state, notes how they are, and records each change as evidence."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

import structlog
from django.conf import settings
from django.db import transaction

from toban.engine.drift.bindings import DRIFT
from toban.engine.drift.models import SeenSetting
from toban.engine.drift.setting import COMPARED_SETTINGS, ComparedSetting, SettingUnknown, reckoning_of
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.message import NOTHING, Message, message_of
from toban.text import storable_text

_AT_ONCE = 4
_AGAIN = timedelta(minutes=5)
"""After so long a setting that could not be read is looked at again."""
_LONGEST = 300

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SettingLook:
    """What a look has seen."""

    real: str = ""
    """Empty if it could not be read, or nothing is set there."""
    trouble: Message = NOTHING


def compared(edition: Edition) -> Mapping[str, ComparedSetting]:
    """Return by key the settings that the rows of *edition* state and that the extensions know where to find.

    Two tables that bind the same place name one setting.
    """
    offered = (settings_of(edition) for settings_of in settings.PARTS.ports.all(COMPARED_SETTINGS))
    return {each.key: each for each in chain.from_iterable(offered) if each.stated is not None}


def look(edition: Edition, now: datetime, *, is_forced: bool = False) -> None:
    """Look at every setting of *edition* that was not looked at for a while; at all if *is_forced*."""
    every = DRIFT.of(edition.bindings).every
    known = {each.key: each for each in SeenSetting.objects.all()}
    found = compared(edition)
    due = [each for key, each in found.items() if is_forced or _is_due(known.get(key), every, now)]
    gone = known.keys() - found.keys()
    if gone:
        # What is bound no more is forgotten: when it comes back, it is seen for the first time again.
        SeenSetting.objects.filter(key__in=gone).delete()
    if not due:
        return
    for setting in due:
        if setting.uses_state:
            _note(setting, _look(setting), edition, now)
    elsewhere = [each for each in due if not each.uses_state]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="drift") as pool:
        for setting, seen in zip(elsewhere, pool.map(_look, elsewhere), strict=True):
            _note(setting, seen, edition, now)


def _is_due(seen: SeenSetting | None, every: timedelta, now: datetime) -> bool:
    return seen is None or now - seen.looked_at >= (min(every, _AGAIN) if seen.trouble else every)


def _look(setting: ComparedSetting) -> SettingLook:
    try:
        real = storable_text(setting.look() or "")
    except SettingUnknown as unknown:
        return SettingLook(trouble=message_of(unknown))
    except Exception as error:
        # Another's extension may fail in any way; the other settings are looked at all the same.
        log.exception("setting_failed", setting=setting.key)
        return SettingLook(trouble=message_of(error))
    if real and (len(real) > _LONGEST or setting.value.read(real) is None):
        return SettingLook(trouble=Message("drift.not-readable", real=real[:_LONGEST]))
    return SettingLook(real)


def _note(setting: ComparedSetting, found: SettingLook, edition: Edition, now: datetime) -> None:
    with transaction.atomic():
        ledger.hold()
        seen = SeenSetting.objects.filter(key=setting.key).first() or SeenSetting(key=setting.key)
        seen.looked_at, seen.trouble = now, found.trouble
        if not found.trouble:
            if found.real != seen.real:
                if seen.seen_at is not None:
                    _record(setting, seen.real, found.real, edition, now)
                seen.before, seen.before_until = seen.real, seen.seen_at
                seen.real, seen.since = found.real, now
            seen.seen_at = now
        seen.save()


def _record(setting: ComparedSetting, before: str, real: str, edition: Edition, now: datetime) -> None:
    """Record that a setting has become *real*, or is set no more, and whether the document says so."""
    read = setting.value.read(real) if real else None
    is_same = read is not None and setting.value.is_same(setting.stated, read, reckoning_of(edition))
    ledger.append(
        ledger.Record(
            LedgerEntry.Kind.AUDIT,
            {
                "event": "setting-changed",
                "value": setting.value.name,
                # People and other changes name a batch or a resource, and not the row's id.
                "row": setting.row.id.split("/", 2)[-1],
                "place": setting.place.as_json(),
                "before": before,
                "after": real,
                "is_as_stated": is_same,
            },
            clause_id=setting.row.id,
            document_digest=edition.design.digest,
        ),
        now=now,
    )
