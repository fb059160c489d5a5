"""Decisions about new versions: whether one needs approval, whether a signature stands for it. Pure."""

from datetime import datetime, timedelta

from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.editions.gate.bindings import DocumentBinding
from toban.message import NOTHING, Message

_CLOCKS_DIFFER = timedelta(minutes=1)


def why_guarded(setting: bool | None, writers: Message) -> Message:
    """Return why changes need approval: it is written so, or others can write the files (*writers*).

    The setting is that of the version in force: a new version can't switch off its own approval.
    """
    if setting is None:
        return writers
    return Message("editions.approval-is-set") if setting else NOTHING


def terms_of(setting: DocumentBinding, manager: str, *, unknown: Message) -> ApprovalTerms:
    """Return what approval a new version needs; *manager* is the role if the setting names none.

    If it is *unknown* who wrote it, two people approve: one of them has not written it.
    """
    people = max(2, setting.approvers) if unknown else setting.approvers
    return ApprovalTerms(setting.role or manager, people, setting.approval_within)


def is_new(committed_at: datetime, since: datetime, now: datetime) -> bool:
    """Return whether a signed commit is newer than the version in force, which came into force at *since*.

    A signature never loses its validity: without this, whoever can push could bring back any version that
    was ever signed. A time in the future would make a commit newer than those that revoke it.
    """
    return since < committed_at <= now + _CLOCKS_DIFFER
