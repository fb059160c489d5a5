"""The names of operators and loggers for kinds and levels of log, and Toban's one name for each. Pure."""

import re
from collections.abc import Mapping

from toban.engine.telemetry.tables import SPAN_KIND

ACCESS, APPLICATION, ERROR, AUDIT = "access", "application", "error", "audit"
TRACE = SPAN_KIND

_KINDS = (
    (AUDIT, re.compile(r"監査|証跡|\baudit", re.IGNORECASE)),
    (ACCESS, re.compile(r"アクセス|\baccess", re.IGNORECASE)),
    (ERROR, re.compile(r"エラー|\berror", re.IGNORECASE)),
    (TRACE, re.compile(r"(?<!スタック)トレース|\btrac(?:es?|ing)\b", re.IGNORECASE)),
    (APPLICATION, re.compile(r"アプリ|\bapp(?:lication)?s?\b", re.IGNORECASE)),
)
_LEVELS = {
    **dict.fromkeys(("trace", "verbose", "finest", "10"), "TRACE"),
    **dict.fromkeys(("debug", "fine", "20"), "DEBUG"),
    **dict.fromkeys(("info", "information", "informational", "notice", "30"), "INFO"),
    **dict.fromkeys(("warn", "warning", "40"), "WARNING"),
    **dict.fromkeys(("err", "error", "severe", "50"), "ERROR"),
    **dict.fromkeys(("crit", "critical", "fatal", "alert", "emerg", "emergency", "panic", "60"), "CRITICAL"),
}
"""What loggers write, including pino's numbers → the document's usual names."""

_LONGEST_WORD = 60


def kind_of(name: str) -> str:
    """Return Toban's name for a kind of log: アプリケーションログ and app are both `application`."""
    for kind, words in _KINDS:
        if words.search(name):
            return kind
    return " ".join(name.split()).lower()[:_LONGEST_WORD]


def level_of(written: str, mapped: Mapping[str, str]) -> str:
    """Return a level's usual name; an unknown level is returned in capitals."""
    return known_level(written, mapped) or written.strip().upper()[:_LONGEST_WORD]


def known_level(written: str, mapped: Mapping[str, str]) -> str:
    """Return a level's usual name; empty for an unknown level."""
    word = written.strip()
    return mapped.get(word) or _LEVELS.get(word.lower(), "")
