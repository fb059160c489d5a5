"""Releases and rollbacks, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import ActReader, ChangeFacts, ChangeKind, Content, texts
from toban.message import Message, from_json, plain

_BACK = ("rollback", "drill")
"""The kinds of release that go back; see `models.Release.Kind`, which needs the state database."""


def _act(code: str) -> ActReader:
    def read(content: Content) -> ChangeFacts:
        is_back = content.get("kind") in _BACK
        said = Message(
            code,
            version=content.get("version"),
            environment=content.get("environment"),
            number=content.get("release"),
        )
        about = texts(content, "service", "environment", "deployment", "version", "commit")
        note = plain(str(content.get("cause") or "")) or from_json(content.get("note"))
        return ChangeFacts(ChangeKind.ROLLBACK if is_back else ChangeKind.RELEASE, said, about, note=note)

    return read


def _lock(code: str) -> ActReader:
    def read(content: Content) -> ChangeFacts:
        said = Message(code, name=content.get("deployment"))
        reason = plain(str(content.get("reason") or ""))
        return ChangeFacts(ChangeKind.RELEASE, said, texts(content, "deployment"), note=reason)

    return read


def _rename(content: Content) -> ChangeFacts:
    said = Message("release.change-renamed", name=content.get("deployment"), former=content.get("former"))
    return ChangeFacts(ChangeKind.RELEASE, said, texts(content, "deployment"))


ACTS: Mapping[str, ActReader] = {
    "release-planned": _act("release.change-planned"),
    "release-began": _act("release.change-began"),
    "release-served": _act("release.change-served"),
    "release-ended": _act("release.change-ended"),
    "release-aborted": _act("release.change-aborted"),
    "rollback-ordered": _act("release.change-rollback"),
    "environment-locked": _lock("release.change-locked"),
    "environment-unlocked": _lock("release.change-unlocked"),
    "deployment-renamed": _rename,
}
