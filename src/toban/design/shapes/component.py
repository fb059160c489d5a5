"""The part of a system that a heading names: Cache (Redis), Webサーバー監視."""

import re

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
