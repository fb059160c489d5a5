"""Settings compared with the document: the same words in the terminal and on the page."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from toban.engine.drift.found import FoundSetting
from toban.engine.orders import NotPossible
from toban.message import NOTHING, Message

MARKS = {"same": "●", "different": "■", "unknown": "?"}


def setting_values(each: FoundSetting) -> Mapping[str, object]:
    """Return what is known of a setting as JSON values."""
    row, seen = each.setting.row, each.seen
    since, at = (seen.since, seen.seen_at) if seen is not None else (None, None)
    return {
        "clause": row.id,
        "citation": str(row.origin),
        "value": each.setting.value.name,
        "state": each.state.value,
        "stated": each.stated.as_output(),
        "real": each.real.as_output() if each.real else None,
        "place": each.setting.place.as_output(),
        "before": each.before.as_output() if each.before else None,
        "since": since.isoformat() if since else None,
        "seen_at": at.isoformat() if at else None,
        "why": each.why.as_output() if each.why else None,
    }


def setting_words(each: FoundSetting, zone: ZoneInfo) -> Message:
    """Return in one sentence how a setting stands to its row."""
    about = {"what": each.setting.value.label, "stated": each.stated, "place": each.setting.place}
    if each.why:
        return Message("drift.listed-unknown", **about, why=each.why)
    seen = each.seen
    at = seen.seen_at.astimezone(zone) if seen is not None and seen.seen_at is not None else None
    return Message(f"drift.listed-{each.state}", **about, real=each.real, at=at)


def change_words(each: FoundSetting, zone: ZoneInfo) -> Message:
    """Return between which moments reality has changed; nothing if it has not while Toban looked."""
    seen = each.seen
    if seen is None or not each.before or seen.since is None or seen.before_until is None:
        return NOTHING
    begins, ends = seen.before_until.astimezone(zone), seen.since.astimezone(zone)
    return Message("drift.changed-between", before=each.before, begins=begins, ends=ends)


def settings_named(found: Sequence[FoundSetting], names: Sequence[str]) -> Sequence[FoundSetting]:
    """Return those of the rows called *names*; raise `NotPossible` for a name of none, or of several rows."""
    chosen = []
    for name in names:
        called = [each for each in found if name in _called(each)]
        rows = tuple(dict.fromkeys(each.setting.row.id for each in called))
        if len(rows) != 1:
            known = tuple(dict.fromkeys(each.setting.row.id for each in called or found))
            said = Message("drift.several-rows" if rows else "drift.no-such-row", name=name)
            raise NotPossible(said, Message("drift.write-one-of", rows=known) if known else NOTHING)
        chosen += called
    return list(dict.fromkeys(chosen))


def _called(each: FoundSetting) -> tuple[str, ...]:
    row = each.setting.row
    key = row.id.split("/", 2)[-1]
    return (row.id, key, key.rpartition("/")[2], str(row.origin), str(getattr(row, "name", "")))
