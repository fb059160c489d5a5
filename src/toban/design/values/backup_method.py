"""What a row of a backup policy means by its 方式: フルバックアップ, 増分, バージョニング, full, incremental."""

import re
from enum import StrEnum

from toban.design.values.normal import plain


class BackupMethod(StrEnum):
    """A way of keeping copies."""

    FULL = "full"
    INCREMENTAL = "incremental"
    """What changed since a full copy; differential copies (差分) count as this: both need the full one."""
    VERSIONING = "versioning"
    """The store itself keeps earlier versions."""
    LOG = "log"
    """The database's own log, as it is written: WAL archiving, point-in-time recovery."""


_WORDS = {
    BackupMethod.VERSIONING: r"バージョニング|バージョン管理|versioning|object ?versions?",
    BackupMethod.LOG: r"\bwal(?![a-z])|pitr|ポイント ?イン ?タイム|point[ -]in[ -]time|アーカイブログ|ログ(?:転送|バックアップ)",
    BackupMethod.INCREMENTAL: r"増分|差分|incremental|differential",
    BackupMethod.FULL: r"フル|全量|完全|全体|ダンプ|スナップショット|イメージ|自動バックアップ|full|dump|snapshot|automat",
}
_PATTERNS = tuple((method, re.compile(words, re.IGNORECASE)) for method, words in _WORDS.items())

_BARE = re.compile(
    r"(?:db|データベース|論理|物理|定期|日次|週次|月次|daily|weekly|monthly|database)* ?(?:バックアップ|backup)?",
    re.IGNORECASE,
)


def read_backup_method(text: str) -> BackupMethod | None:
    """Return the method that *text* names; a row without text, or with only バックアップ, means a full copy.

    None for anything else, and if one cell names two methods (フル + 増分).
    """
    words = plain(text)
    named = [method for method, pattern in _PATTERNS if pattern.search(words)]
    if not named:
        return BackupMethod.FULL if _is_bare(words) else None
    return named[0] if len(named) == 1 else None


def _is_bare(words: str) -> bool:
    return words in {"", "-"} or _BARE.fullmatch(words) is not None
