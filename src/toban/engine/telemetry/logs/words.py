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
    **dict.fromkeys(("trace", "verbose", "finest", "silly", "trce", "vrb", "10"), "TRACE"),
    **dict.fromkeys(("debug", "fine", "finer", "dbug", "dbg", "20", "7", "100"), "DEBUG"),
    **dict.fromkeys((f"debug{number}" for number in range(1, 6)), "DEBUG"),
    **dict.fromkeys(
        ("info", "information", "informational", "inf", "notice", "30", "5", "6", "200", "250"), "INFO"
    ),
    **dict.fromkeys(("log", "success", "config", "http"), "INFO"),
    **dict.fromkeys(("warn", "warning", "wrn", "40", "4", "300"), "WARNING"),
    **dict.fromkeys(("err", "error", "severe", "fail", "50", "3", "400"), "ERROR"),
    **dict.fromkeys(("crit", "critical", "fatal", "ftl", "alert", "emerg", "emergency", "panic"), "CRITICAL"),
    **dict.fromkeys(("dpanic", "60", "0", "1", "2", "500", "550", "600"), "CRITICAL"),
}
"""What loggers write → the document's usual names: also the numbers of syslog and GELF (0 to 7), of Pino and
Bunyan (10 to 60), and of Monolog (100 to 600)."""
PYTHONS_LEVELS = {"10": "DEBUG", "20": "INFO", "25": "INFO", "30": "WARNING", "40": "ERROR", "50": "CRITICAL"}
"""The numbers of Python's loggers, which are others' for something else."""
LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
"""The usual names."""
_OFFSET = re.compile(r"[+-]\d{1,3}$")
"""Between two levels: Go's slog writes INFO+2."""

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
    return mapped.get(word) or _LEVELS.get(_OFFSET.sub("", word).lower(), "")
