"""Levels of alerts and incidents: 異常 (Critical), 警告, P1, High, SEV-2, 重大."""

import re
from collections.abc import Iterable
from enum import StrEnum

from toban.design.values.normal import plain


class AlertLevel(StrEnum):
    """The level of a notice; the value is its code, and the document's own word stays in the clause."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class IncidentSeverity(StrEnum):
    """How severe an incident is, from CRITICAL down."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


_ALERTS = {
    AlertLevel.CRITICAL: ("critical", "異常", "危険", "致命的", "緊急", "crit"),
    AlertLevel.WARNING: ("warning", "警告", "注意", "要注意", "warn"),
    AlertLevel.INFO: ("info", "情報", "information", "informational", "通知", "参考"),
}
_NAMES = {
    IncidentSeverity.CRITICAL: ("critical", "重大", "緊急", "致命的"),
    IncidentSeverity.HIGH: ("high", "高", "重要"),
    IncidentSeverity.MEDIUM: ("medium", "中", "中程度", "moderate"),
    IncidentSeverity.LOW: ("low", "低", "軽微", "minor", "軽度"),
}
_PREFIXES = ("p", "s", "sev")
_ZEROTH = frozenset(f"{prefix}0" for prefix in _PREFIXES)
_NUMBERED = {f"{prefix}{n}": level for prefix in _PREFIXES for n, level in enumerate(IncidentSeverity, 1)}
# P0 alone is as severe as the most severe level.
_NUMBERED |= dict.fromkeys(_ZEROTH, IncidentSeverity.CRITICAL)
_NUMBERED_FROM_0 = {f"{prefix}{n}": level for prefix in _PREFIXES for n, level in enumerate(IncidentSeverity)}
# A fifth level is as low as the fourth.
_NUMBERED_FROM_0 |= {f"{prefix}4": IncidentSeverity.LOW for prefix in _PREFIXES}
_LEVEL_WORDS = {word for names in (*_ALERTS.values(), *_NAMES.values()) for word in names} | _NUMBERED.keys()
_DECORATION = re.compile(r"[^\w\s()/:、-]|レベル|level", re.IGNORECASE)
_NUMBER_AFTER = re.compile(r"\b(?:severity|sev|priority)[ .:_-]{0,2}(?=\d)")
_PARTS = re.compile(r"[\s()/:、]+|-(?!\d)")


def read_alert_level(text: str) -> AlertLevel | None:
    """Read the level of a notice; None if the cell's words disagree or mean incidents (P1, High)."""
    return _only({level for word in _words(text) for level, names in _ALERTS.items() if word in names})


def is_alert_scale(names: Iterable[str]) -> bool:
    """Say whether the levels of a table are those of notices: Critical, Warning, Info."""
    return any(read_alert_level(name) in (AlertLevel.WARNING, AlertLevel.INFO) for name in names)


def is_level(text: str) -> bool:
    """Say whether *text* is a level and nothing else: Critical, P1, 高（P2）, but not Cache Miss High."""
    words = _words(text)
    return bool(words) and set(words) <= _LEVEL_WORDS


def read_incident_severity(text: str, scale: Iterable[str] = ()) -> IncidentSeverity | None:
    """Read how severe an incident is.

    A word takes precedence over a number (`Critical (P0)`, `高（P2）`), since some companies start at 0 and
    others at 1. A number alone counts from 1 unless *scale*, the levels beside it, has a P0. L1 to L4 are
    support tiers, not severities.
    """
    words = _words(text)
    named = {level for word in words for level, names in _NAMES.items() if word in names}
    numbers = _NUMBERED_FROM_0 if _starts_at_0(scale) else _NUMBERED
    return _only(named or {numbers[word] for word in words if word in numbers})


def may_be_third(text: str, scale: Iterable[str] = ()) -> bool:
    """Say whether the level is second or third: `P2` alone, where the numbers may start at 1 or at 0."""
    words = _words(text)
    return {"p2", "s2", "sev2"} >= set(words) and bool(words) and not _starts_at_0(scale)


def _starts_at_0(scale: Iterable[str]) -> bool:
    return any(word in _ZEROTH for level in scale for word in _words(level))


def _words(text: str) -> list[str]:
    text = _NUMBER_AFTER.sub("sev", plain(text).lower())
    words = _PARTS.split(_DECORATION.sub("", text).strip())
    return [word.replace("-", "") for word in words if word]


def _only[L](found: set[L]) -> L | None:
    return next(iter(found)) if len(found) == 1 else None
