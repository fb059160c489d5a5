"""The words by which a declaration names kinds and columns, in both languages.

A kind is known by its name in the code, by what pages call it, and by a few short words; what a column is, by
the same, and by every heading that the reader would know such a column by.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache

from toban.catalogue import LANGUAGES
from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS
from toban.design.reading.grounds import column_of
from toban.design.reading.registry import CODE, ENTRIES, STEPS, TABLES
from toban.design.shapes.shape import TableShape, roles_of
from toban.message import Message

NOTHING = frozenset({"none", "nothing", "なし", "無し", "対象外"})
"""The kind of what states no rule, and what a column is that means nothing."""
HEADING, KEY, VALUE = "heading", "key", "value"
_PARTS = {
    HEADING: frozenset({"heading", "見出し"}),
    KEY: frozenset({"key", "キー"}),
    VALUE: frozenset({"value", "値"}),
}
"""Parts of a place that can be named as columns: the heading above, and what is before and after a colon."""
_SHORT = {
    "監視": "monitor",
    "monitoring": "monitor",
    "目標": "objective",
    "sla": "objective",
    "slo": "objective",
    "サービスレベル": "objective",
    "service level": "objective",
    "体制": "duty-role",
    "役割": "duty-role",
    "role": "duty-role",
    "稼働": "service-hours",
    "メンテナンス": "maintenance-window",
    "maintenance": "maintenance-window",
    "通知": "notification-rule",
    "notification": "notification-rule",
    "ツール": "tool-choice",
    "tool": "tool-choice",
    "ログ": "log-kind",
    "log": "log-kind",
    "バックアップ": "backup-policy",
    "backup": "backup-policy",
    "リストア": "restore-procedure",
    "restore": "restore-procedure",
    "rpo": "recovery-objective",
    "rto": "recovery-objective",
    "デプロイ": "deploy-flow",
    "deploy": "deploy-flow",
    "ロールバック": "rollback-procedure",
    "rollback": "rollback-procedure",
    "リリース": "release-schedule",
    "release": "release-schedule",
    "障害": "failure-pattern",
    "failure": "failure-pattern",
    "脆弱性": "security-routine",
    "リソース": "resource-usage",
    "resource": "resource-usage",
    "定期": "routine",
    "予算": "budget",
    "ドキュメント": "managed-document",
    "document": "managed-document",
}


def kind_named(written: str) -> type[Clause] | None:
    """Return the kind that a declaration names; None if no kind is called so."""
    return _kinds().get(_plain(written))


def names_of(kind: type[Clause]) -> tuple[str, ...]:
    """Return what pages of either language call the kind, as headings are matched."""
    return tuple(word.lower() for word in _said(KINDS[kind.kind]))


def kind_words() -> tuple[str, ...]:
    """Return what kinds can be called, as pages call them: what an unknown word may be a slip of."""
    return tuple(_kinds())


def role_named(written: str, shape: TableShape) -> str | None:
    """Return what a column is that a declaration calls *written*, in a table of *shape*; None if unknown."""
    found = _roles(shape).get(_plain(written))
    return found or next(iter(roles_of((written,), shape.columns)), None)


def spoken_role(role: str, shape: TableShape) -> Message | str:
    """Return how a declaration calls a column in the active language, or by its name in the code."""
    label = column_of(shape.kind, role)
    is_clear = all(" " not in word and role_named(word, shape) == role for word in _said(label))
    return label if is_clear else role


def role_words(shape: TableShape) -> tuple[str, ...]:
    """Return what columns can be called in a table of *shape*."""
    return tuple(_roles(shape))


def is_nothing(written: str) -> bool:
    """Say whether the word declares that something states no rule."""
    return _plain(written) in NOTHING


def part_named(column: str) -> str | None:
    """Return the part of a place that is named like a column: `heading`, `key`, `value`."""
    return next((part for part, names in _PARTS.items() if _plain(column) in names), None)


@cache
def _kinds() -> dict[str, type[Clause]]:
    kinds: list[type[Clause]] = [
        *(shape.kind for shape in TABLES),
        *(shape.kind for group in ENTRIES for shape in group),
        *(shape.kind for shape in STEPS),
        *(shape.kind for shape in CODE),
    ]
    known = {kind.kind: kind for kind in kinds}
    found = {_plain(word): known[kind] for word, kind in _SHORT.items()}
    for name, kind in known.items():
        found |= {_plain(word): kind for word in (name, *_said(KINDS[name]))}
    return found


def _roles(shape: TableShape) -> dict[str, str]:
    found = {_plain(role): role for role in shape.columns}
    for role in shape.columns:
        for word in _said(column_of(shape.kind, role)):
            found.setdefault(_plain(word), role)
    return found


def _said(label: Message) -> Iterator[str]:
    return (label.in_language(language) for language in LANGUAGES)


def _plain(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word).casefold()
    return "".join(letter for letter in folded if letter.isalnum() or letter == "#")
