"""Orders about alerts, read as changes: what is silenced or maintained, and who holds a role. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, texts, unchanged
from toban.message import NOTHING, Message, from_json, plain


def _silence(content: Content) -> ChangeFacts:
    matchers = _matchers(content)
    return ChangeFacts(
        ChangeKind.SILENCE,
        Message(
            "notify.change-silence",
            matchers=[f"{name}={value}" for name, value in matchers.items()],
        ),
        tuple(matchers.values()),
        note=plain(str(content.get("reason", ""))),
    )


def _end_silence(content: Content) -> ChangeFacts:
    said = Message("notify.change-end-silence", silence=content.get("silence"))
    return ChangeFacts(ChangeKind.SILENCE, said, tuple(_matchers(content).values()))


def _maintenance(content: Content) -> ChangeFacts:
    targets = _targets(content)
    code = "notify.change-maintenance" if targets else "notify.change-maintenance-of-all"
    said = Message(code, targets=targets)
    note = plain(str(content.get("reason", "")))
    return ChangeFacts(ChangeKind.MAINTENANCE, said, targets, note=note)


def _end_maintenance(content: Content) -> ChangeFacts:
    said = Message("notify.change-end-maintenance", maintenance=content.get("maintenance"))
    return ChangeFacts(ChangeKind.MAINTENANCE, said, _targets(content))


def _override(content: Content) -> ChangeFacts:
    said = Message("notify.change-duty", role=content.get("role"), person=content.get("person"))
    note = plain(str(content.get("reason", "")))
    return ChangeFacts(ChangeKind.DUTY, said, texts(content, "role", "person"), note=note)


def _end_override(content: Content) -> ChangeFacts:
    said = Message("notify.change-end-duty", role=content.get("role"))
    note = from_json(content["note"]) if content.get("note") else NOTHING
    return ChangeFacts(ChangeKind.DUTY, said, texts(content, "role"), note=note)


def _matchers(content: Content) -> Mapping[str, str]:
    return {str(name): str(value) for name, value in (content.get("matchers") or {}).items()}


def _targets(content: Content) -> tuple[str, ...]:
    return tuple(map(str, content.get("targets") or ()))


ACTS: Mapping[str, ActReader] = {
    "acknowledge": unchanged,
    "release": unchanged,
    "silence": _silence,
    "end-silence": _end_silence,
    "maintenance": _maintenance,
    "end-maintenance": _end_maintenance,
    "duty-override": _override,
    "end-duty-override": _end_override,
}
