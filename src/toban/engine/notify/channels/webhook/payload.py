"""A notification or a change as JSON for programs: the envelope of Standard Webhooks, stable field names."""

from toban.engine.notify.channels.times import rfc3339
from toban.engine.notify.delivery.notice import ChangeNotice, Notice, NoticeAbout


def payload(notice: Notice) -> dict[str, object]:
    """Return the event. Times are RFC 3339 in UTC. Fields may be added, but never change their meaning.

    `messages` says the same as the texts, as codes and values: they don't depend on the language.
    """
    messages = notice.messages
    return {
        "type": f"notice.{notice.kind}",
        "timestamp": rfc3339(notice.at),
        "data": {
            "id": notice.key,
            "alert": notice.alert_key,
            "level": notice.level.name.lower(),
            "subject": notice.subject,
            "title": notice.title,
            "facts": [{"label": label, "value": value} for label, value in notice.facts],
            "language": notice.language,
            "messages": {
                "title": messages.title.as_json(),
                "subject": messages.subject.as_json(),
                "facts": [
                    {"label": label.as_json(), "value": value.as_json()} for label, value in messages.facts
                ],
            },
            "citation": notice.citation,
            "clause": notice.clause_text,
            "began_at": rfc3339(notice.began_at),
            "ended_at": rfc3339(notice.ended_at) if notice.ended_at else None,
            "url": notice.url or None,
            **({"about": _about(notice, notice.about)} if notice.about is not None else {}),
            **({"drill": True} if notice.is_drill else {}),
        },
    }


def _about(notice: Notice, about: NoticeAbout) -> dict[str, object]:
    return {
        "row": about.clause_id,
        "row_url": about.row_url or None,
        "target": about.target or None,
        "instance": about.instance or None,
        "metric": about.metric or None,
        "value": notice.say(about.value) or None,
        "threshold": notice.say(about.threshold) or None,
        "messages": {"value": about.value.as_json(), "threshold": about.threshold.as_json()},
    }


def change_payload(change: ChangeNotice) -> dict[str, object]:
    """Return the event of a change, in the same envelope and under the same promise."""
    return {
        "type": f"change.{change.kind}",
        "timestamp": rfc3339(change.at),
        "data": {
            "id": change.key,
            "entry": change.entry,
            "kind": change.kind,
            "at": rfc3339(change.at),
            "recorded_at": rfc3339(change.recorded_at),
            "by": change.by,
            "what": change.what.in_language(change.language),
            "details": [each.in_language(change.language) for each in change.details],
            "note": change.note.in_language(change.language),
            "clause": change.clause_id,
            "about": list(change.about),
            "url": change.url or None,
            "page": change.page or None,
            "language": change.language,
            "messages": {
                "what": change.what.as_json(),
                "details": [each.as_json() for each in change.details],
                "note": change.note.as_json() if change.note else None,
            },
        },
    }
