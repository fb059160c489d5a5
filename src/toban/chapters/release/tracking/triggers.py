"""Reads what starts a deployment, in the document's own words: マージ時, "when a tag is made". Pure."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from toban.chapters.release.bindings import ReleaseBinding
from toban.design.clauses.release import DeployRule
from toban.message import Message


class TriggerEvent(StrEnum):
    """What happens before a deployment."""

    MOVED = "moved"
    """A branch gets new commits: a merge, a push."""
    CREATED = "created"
    """A branch appears."""
    TAGGED = "tagged"
    """A tag appears."""
    PLANNED = "planned"
    """Its time comes."""
    ORDERED = "ordered"
    """Somebody orders it."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a version goes to an environment, and whether it does so by itself."""

    event: TriggerEvent
    pattern: str = ""
    """Of the branches or tags whose event it is."""
    is_automatic: bool = False


_MANUAL = re.compile(r"手動|手作業|人手|半自動|manual|by hand|semi-?auto", re.ASCII)
_APPROVAL = re.compile(r"手動承認|manual(?:ly)? approv(?:al|ed)", re.ASCII)
"""How it is approved, not how it begins."""
_AUTOMATIC = re.compile(r"自動|オート|automatic|\bauto\b|continuous|\bci/?cd\b|\bcd\b", re.ASCII)
_TAGGED = re.compile(r"タグ|\btags?\b|\btagg(?:ed|ing)\b", re.ASCII)
_CREATED = re.compile(
    r"ブランチ.{0,6}(?:作成|生成|切|作)|(?:作成|生成).{0,6}ブランチ"
    r"|\b(?:creat\w*|cut\w*|new)\b.{0,24}\bbranch|\bbranch\w*\b.{0,16}\b(?:creat|cut)",
    re.ASCII,
)
_MOVED = re.compile(
    r"マージ|取り?込み|プッシュ|コミット|反映|ブランチ.{0,4}更新"
    r"|\bmerg\w*|\bpush\w*|\bcommit\w*|\bpull requests?\b|\bpr\b",
    re.ASCII,
)
_PLANNED = re.compile(
    r"予定|日時|スケジュール|計画|リリース日|毎[日週月]|日次|週次|月次"
    r"|schedul\w*|plann?ed|release dates?|daily|weekly|monthly|nightly",
    re.ASCII,
)
_ORDERED = re.compile(
    r"依頼|承認|ボタン|随時|任意|必要|判断|指示|実行|緊急|修正"
    r"|on[- ]demand|request|approv|as needed|when needed|order|hotfix",
    re.ASCII,
)

_NAME = r"[a-z0-9][a-z0-9._/*<>{}-]*"
_DONE = r"(?:マージ|プッシュ|コミット|反映|取り?込み|merge|push|commit)"
_BRANCH_NAMES = (
    re.compile(rf"({_NAME})\s*(?:の)?\s*ブランチ", re.ASCII),
    re.compile(rf"({_NAME})\s*(?:へ|に|への)\s*(?:の)?\s*{_DONE}", re.ASCII),
    re.compile(rf"\b(?:to|into|on|of)\s+(?:the\s+)?[`'\"]?({_NAME})", re.ASCII),
    re.compile(rf"({_NAME})\s+(?:branch\w*|push\w*|merge\w*)\b", re.ASCII),
    re.compile(rf"\b(?:push|merge)\s*[:(]\s*({_NAME})", re.ASCII),
    re.compile(r"\b(main|master|trunk|develop|development|release|staging|production)\b", re.ASCII),
)
_OTHER_WORDS = (
    "a an the of on to each every any new pr pull request after when is merge merged merging push pushed "
    "branch create created creation commit tag auto automatic git github gitlab cut"
)
_NO_BRANCH = frozenset(_OTHER_WORDS.split())
_TRUNK_WORDS = re.compile(r"(?:メイン|マスター|本線|トランク)\s*ブランチ", re.ASCII)
_RELEASE_WORDS = re.compile(r"リリース(?:用)?\s*ブランチ", re.ASCII)
_DEVELOP_WORDS = re.compile(r"開発\s*ブランチ", re.ASCII)
_TAG_PATTERN = re.compile(r"\bv?[a-z0-9._/-]*\*[a-z0-9._*-]*|\bv(?=\s*タグ|\s+tag)", re.ASCII)
_PLACEHOLDER = re.compile(r"/[a-z0-9._<>{}*-]*$", re.ASCII)


def read_trigger(rule: DeployRule, bound: ReleaseBinding) -> Trigger | Message:
    """Return when versions go to the environment of *rule*; or why that can't be said."""
    method, trigger = _plain(rule.method), _plain(rule.trigger)
    how = _APPROVAL.sub("", method)
    event, pattern = _event(trigger or how, bound)
    if _MANUAL.search(how) or _MANUAL.search(_APPROVAL.sub("", trigger)):
        return Trigger(event if event is TriggerEvent.PLANNED else TriggerEvent.ORDERED)
    is_named = _AUTOMATIC.search(how) is not None
    if event is None:
        return _unread("release-source.trigger-not-understood", rule)
    if event in (TriggerEvent.PLANNED, TriggerEvent.ORDERED):
        # Nothing that happens in the source: nobody would know which version is meant.
        return _unread("release-source.automatic-without-event", rule) if is_named else Trigger(event)
    return Trigger(event, pattern, is_automatic=True)


def _event(text: str, bound: ReleaseBinding) -> tuple[TriggerEvent | None, str]:
    """Return what happens, and the pattern of the names that it happens to."""
    if _TAGGED.search(text):
        found = _TAG_PATTERN.search(text)
        return TriggerEvent.TAGGED, (found[0].rstrip("*") + "*") if found else "*"
    if _CREATED.search(text):
        return TriggerEvent.CREATED, _pattern(text, bound, bound.release_branches, is_open=True)
    if _MOVED.search(text):
        return TriggerEvent.MOVED, _pattern(text, bound, bound.trunk, is_open=False)
    if _PLANNED.search(text):
        return TriggerEvent.PLANNED, ""
    return (TriggerEvent.ORDERED, "") if _ORDERED.search(text) else (None, "")


def _pattern(text: str, bound: ReleaseBinding, usual: str, *, is_open: bool) -> str:
    """Return the pattern of the branches that *text* names; *is_open*: a name alone is how they begin."""
    if _TRUNK_WORDS.search(text):
        return bound.trunk
    if _RELEASE_WORDS.search(text):
        return bound.release_branches
    name = "develop" if _DEVELOP_WORDS.search(text) else _branch_name(text)
    if not name:
        return usual
    if name.rstrip("/-") == "release":
        return bound.release_branches
    if "/" in name:
        return _PLACEHOLDER.sub("/*", name)
    return f"{name.rstrip('*')}*" if is_open or "*" in name else name


def _branch_name(text: str) -> str:
    for pattern in _BRANCH_NAMES:
        for found in pattern.finditer(text):
            if found[1] not in _NO_BRANCH:
                return found[1].rstrip(".-")
    return ""


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _unread(code: str, rule: DeployRule) -> Message:
    return Message(code, environment=rule.environment, method=rule.method, trigger=rule.trigger)
