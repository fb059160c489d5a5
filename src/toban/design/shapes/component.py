"""What a heading names as watched, and the part of a system among it: Cache (Redis), Webサーバー監視."""

import re

from toban.design.section import DocumentSection, heading_text, normalise
from toban.design.shapes.shape import words

LIMITS_ONLY = words("(?:アラート|監視)?(?:閾値|しきい値|条件|設定)|(?:alert )?thresholds?|conditions?")
"""Titles that say only that limits follow."""

_COMPONENT = re.compile(
    r"(?P<name>(?:[^\W\d_]{0,12}?(?:データベース|キャッシュ|キュー|メッセージング|検索エンジン|ロードバランサー?|プロキシ)"
    r"|(?:web|api|ap|db|ファイル|メール)サーバー?|(?:web|api|db|file|mail) servers?"
    r"|databases?|db|caches?|(?:message )?queues?|messaging|message broker|load balancer|proxy"
    r"|redis|valkey|memcached|kafka|rabbitmq|sqs|postgres(?:ql)?|mysql|mariadb|oracle|mongodb|dynamodb"
    r"|elasticsearch|opensearch|nginx|apache|haproxy|envoy|kubernetes|docker|vault)"
    r"(?:[ ・]?(?:クラスター?|cluster|サーバー?|servers?))?(?: ?\([^()]*\))?)"
    r"(?: ?の?(?:監視|メトリクス|指標|アラート|閾値|しきい値|条件|項目|設定))*"
    r"(?: (?:monitoring|metrics?|alerts?|thresholds?))*",
    re.IGNORECASE,
)


def component_of(heading: str) -> str:
    """Return the component that *heading* names with no more than 監視 or 閾値 behind it; else nothing."""
    found = _COMPONENT.fullmatch(heading)
    return found["name"] if found else ""


def heading_above(section: DocumentSection) -> str:
    """Return the heading that names what is watched, for a list of only limits (閾値: 警告…, 重要…)."""
    names = (heading_text(heading.text) for heading in reversed(section.headings))
    return next((name for name in names if not LIMITS_ONLY.fullmatch(normalise(name))), "")


def title_above(section: DocumentSection) -> str:
    """Do the same, beginning with the caption: 連続失敗検知 below 異常検知."""
    caption = heading_text(section.caption)
    is_title = bool(caption) and ":" not in caption and not LIMITS_ONLY.fullmatch(normalise(caption))
    return caption if is_title else heading_above(section)
