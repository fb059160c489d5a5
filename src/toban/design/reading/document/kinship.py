"""Whether a document is about operating a system at all.

A farm's manual, a hotel's handbook or an investor's rules share words and even tables with an operations
design: 運用, 監視, 日次, 点検, incident levels. Read as one, they would page people for a fridge.
What they have not got is a system: servers, data, requests, deployments, logs, jobs, recovery. A document
that operates one speaks of it all along, whatever its trade; others mention one in passing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from toban.design.markdown import Block, BulletList, CodeBlock, Heading, MarkdownTable, NumberedList
from toban.design.reading.document.tongue import is_foreign_tongue
from toban.design.reading.outcome import RowFate, RowOutcome
from toban.design.section import heading_words, normalise
from toban.design.shapes.shape import words
from toban.message import NOTHING, Message

_OPERATIONS = words(
    "運用|監視|アラート|アラーム|ログ|バックアップ|リストア|復旧|復元|障害|インシデント|デプロイ|リリース|ロールバック|バッチ|ジョブ|定期|メンテ"
    "|セキュリティ|脆弱性|容量|キャパシティ|スケーリング|可用性|性能|非機能|保守|sla|slo|rpo|rto|閾値|しきい値|メトリクス|ヘルスチェック|オンコール"
    "|エスカレーション|サーバ|データベース|システム|インフラ|\\bdb\\b|体制|連絡先|日次|週次|月次|トラブル|起動|停止|コスト管理|構成|保持|保存期間|アクセス|アカウント|権限|パスワード|通知|ドキュメント管理"
    "|operation|monitor|alert|\\blogs?\\b|logging|backup|restore|recover|incident|deploy|release|rollback|batch|\\bjobs?\\b|maintenance|security"
    "|capacity|scal|availab|reliab|runbook|on-?call|escalat|infrastructure|database|server|system|health|metric|threshold|performance|cache|queue"
    "|service level"
)
_TERMS = words(
    "運用設計|監視|アラート|アラーム|ログ|バックアップ|リストア|復旧|障害|インシデント|デプロイ|リリース|ロールバック|バッチ|ジョブ|脆弱性|パスワード"
    "|キャパシティ|スケーリング|可用性|稼働率|性能|非機能|sla|slo|rpo|rto|閾値|しきい値|メトリクス|オンコール|当番|エスカレーション|システム|インフラ|レスポンス|応答時間|エラー"
    "|monitor|alert|\\blogs?\\b|backup|restore|recover|incident|deploy|release|rollback|batch|\\bjobs?\\b|security"
    "|capacity|availab|uptime|latency|response|reliab|runbook|on-?call|escalat|infrastructure|system|metric|threshold|performance|sev-?\\d"
)
"""Words of operations that other trades borrow; a document that names no system needs one."""
_FOREIGN = words(
    "マーケティング|集客|セールス|営業|販売戦略|商品|ペルソナ|顧客獲得|カスタマーサクセス|収益|売上|料金体系|課金|キャンペーン|ブランド|広告|seo"
    "|投資|資産運用|銘柄|ポートフォリオ|売買|損切|利確|相場|株価|資金管理|リバランス|ファンド"
    "|講師|生徒|学習プラン|カリキュラム|授業|レッスン|ユーザージャーニー|コンテンツ計画|ロードマップ|競合"
    "|customer (?:onboarding|support|success|management)|product development|employee|philosophy"
    r"|\broi\b|\bstrategy$|excellence$|\(\d+-\d+ months?\)|(?:short|long)-term|success factors"
    "|marketing|\\bsales\\b|persona|pricing|revenue|branding|campaign|advertis|invest|portfolio"
    "|trading|\\bstocks?\\b|asset allocation|curriculum|lesson"
)
_LESSON = words(
    "この章で学ぶ|本章の(?:目的|ゴール)|学習(?:目標|内容)|(?:実践|練習)(?:演習|問題)|演習問題|前提知識|理解度"
    "|次に読む|よくある間違い|アンチパターン"
    r"|\b(?:what you(?:'ll| will) learn|learning (?:goals|objectives|outcomes)|exercises|further reading)\b"
)
"""Headings of a textbook: its levels and limits are nobody's."""
_LESSON_HEADINGS = 3
# Words that a document has for a system alone, by the side of it that they are about. Words that any trade
# has for its own things (監視, バックアップ, ログ, システム, server, batch, service) are not among them.
_SIDES = (
    words(
        r"(?:(?<![ァ-ヶー])|(?:アプリ(?:ケーション)?|データベース|ファイル|メール|ログ|プロキシ|ゲーム))サーバー?(?![ァ-ヶ])|仮想マシン|メモリ|ディスク|クラスタ"
        r"|インスタンス|ミドルウェア|ストレージ|ゲートウェイ|\b(?:cpu|gpu|os|vm|vps|ec2|ecs|aws|azure|gcp|lambda|nas|plc)\b"
        r"|\b(?:web|app|application|file|mail|proxy|match|game|api|auth|db|database) servers?\b"
        r"|\b(?:memory|disks?|instances?|clusters?|nodes?|pods?|kube\w+|docker|linux|nginx|systemctl|shards?)\b"
    ),
    words(
        r"データベース|(?<![a-z])db(?![a-z])|レプリカ|レプリケーション|スキーマ|スロークエリ|オブジェクトストレージ"
        r"|\b(?:sql|postgres\w*|mysql|mongo\w*|redis|dynamo\w*|aurora|s3|replicas?|replication|wal|pg_\w+|databases?"
        r"|quer(?:y|ies)|kafka|elasticsearch)\b"
    ),
    words(
        r"(?<![a-z])apis?(?![a-z])|エンドポイント|レスポンス|応答時間|レイテンシ|リクエスト|タイムアウト"
        r"|[45]xx|エラー率|スループット|ロードバランサ|同時接続|パケット"
        r"|\b(?:https?|url|dns|ssl|tls|cdn|vpn|endpoints?|latency|requests?/|p9[059]|error rate|throughput"
        r"|websocket|load balancer|timeouts?)\b"
    ),
    words(
        r"デプロイ|ロールバック|リポジトリ|マイグレーション|カナリア|パイプライン|ソースコード|ホットフィックス|ファームウェア"
        r"|\b(?:deploy(?:s|ed|ments?|ing)?|rollbacks?|ci/cd|git|github|migrations?|builds?|pipelines?|terraform|canary"
        r"|hotfix|firmware)\b"
    ),
    words(
        r"(?:アプリ(?:ケーション)?|アクセス|エラー|監査|システム|操作|サーバ|ジョブ|バッチ|クエリ|配信)ログ"
        r"|ログ(?:レベル|ローテ|出力)|構造化ログ|メトリクス|ヘルスチェック|死活|外形監視|トレーシング"
        r"|\b(?:cloudwatch|datadog|grafana|prometheus|zabbix|sentry|pagerduty|opsgenie|uptime|health ?checks?"
        r"|on-?call rotation|webhooks?|monitoring dashboards?"
        r"|log levels?|(?:access|error|application|audit) logs?)\b"
    ),
    words(
        r"夜間バッチ|バッチ(?:処理|id|ジョブ|サーバ)|ジョブ|スケジューラ|キュー(?![ァ-ヶー])"
        r"|\b(?:cron\w*|jobs?|message queues?|schedulers?|workers?|ingest)\b"
    ),
    words(
        r"リストア|フェイルオーバー?|スナップショット|ポイントインタイム|フルバックアップ|増分|差分バックアップ|(?:データ|db|データベース)の?バックアップ|災害復旧"
        r"|\b(?:restor(?:es?|ed|ing)|rpo|rto|fail-?over|snapshots?|pitr|disaster recovery"
        r"|(?:full|incremental|database|data) backups?)\b"
    ),
    words(
        r"脆弱性|パッチ(?:適用|管理)|ファイアウォール|マルウェア|不正アクセス|多要素|暗号化|サーバー?証明書|特権"
        r"|\b(?:waf|iam|mfa|ssh|vulnerabilit\w+|patch(?:es|ing)?|firewall|malware|encrypt\w*|certificates?|tokens?)\b"
    ),
    words(
        r"アプリ(?:ケーション)?(?![ァ-ヶー])|ソフトウェア|本番環境|検証環境|ステージング|(?:web|ウェブ)サイト|(?:フロント|バック)エンド|ログイン|マイクロサービス"
        r"|(?:情報|業務|基幹|会計)システム|クラウド(?!ファ)"
        r"|\b(?:backend|frontend|staging|production (?:environment|system)|software|saas|cloud)\b"
    ),
)

_FEW_LINES = 30
"""A shorter document is never refused for what it does not mention."""
_SAMPLE = 1000
"""The lines of a long document that are looked at, spread evenly."""
_LEAST = 0.05
"""The share of lines that speak of a system in any document that operates one; in other trades it is 0-3%."""
_LEAST_OF_FEW_SIDES = 0.1
"""The same if they speak of one or two sides of it: any trade has an app and a cloud."""
_FEW_SIDES = 2
_LITTLE = 0.15
"""Below this share, headings of another subject decide: a business with one chapter about its system."""
_MUCH = 0.2
"""The share of such headings."""
_SEVERAL = 3
"""Any document may have one stray heading."""


@dataclass(frozen=True, slots=True)
class _Evidence:
    """How much of a document speaks of a system."""

    lines: int
    about: int
    sides: int

    @property
    def share(self) -> float:
        return self.about / self.lines if self.lines else 0.0

    @property
    def is_enough(self) -> bool:
        least = _LEAST if self.sides > _FEW_SIDES else _LEAST_OF_FEW_SIDES
        return self.lines < _FEW_LINES or self.share >= least


def why_foreign(blocks: Sequence[Block], outcomes: Sequence[RowOutcome]) -> Message:
    """Return the reason to refuse the document as being about something else; nothing if it should be read.

    A short document in the terms of operations is never refused, however little of it was understood.
    """
    headings = [heading_words(block.text) for block in blocks if isinstance(block, Heading)]
    is_read = any(outcome.fate is RowFate.READ or outcome.grounds is not None for outcome in outcomes)
    if not is_read and not any(_OPERATIONS.search(heading) for heading in headings):
        return Message("design.nothing-about-operations")
    lines = [line for block in blocks for line in _lines(block)]
    if is_foreign_tongue(lines):
        return Message("design.unknown-language")
    evidence = _evidence(lines)
    if not (evidence.about or any(_TERMS.search(normalise(line)) for line in lines[:_FEW_LINES])):
        return Message("design.no-system", percent=0)
    if not evidence.is_enough:
        return Message("design.no-system", percent=round(evidence.share * 100))
    if len({found.group() for heading in headings if (found := _LESSON.search(heading))}) >= _LESSON_HEADINGS:
        return Message("design.a-lesson")
    foreign = sum(_is_foreign(heading) for heading in headings)
    if foreign >= max(_SEVERAL, len(headings) * _MUCH) and evidence.share < _LITTLE:
        return Message("design.other-subject")
    return NOTHING


def _is_foreign(heading: str) -> bool:
    """Say whether the heading has another subject: 銘柄の選定, but not 銘柄マスタ取込の監視."""
    return _FOREIGN.search(heading) is not None and _OPERATIONS.search(heading) is None


def _evidence(lines: Sequence[str]) -> _Evidence:
    sample = lines[:: max(1, len(lines) // _SAMPLE)]
    found = [_sides(normalise(line)) for line in sample]
    return _Evidence(len(sample), sum(map(bool, found)), len(frozenset().union(*found)))


def _sides(line: str) -> frozenset[re.Pattern[str]]:
    return frozenset(side for side in _SIDES if side.search(line))


def _lines(block: Block) -> list[str]:
    match block:
        case MarkdownTable(header=header, rows=rows):
            return [" | ".join(header), *(" | ".join(row.cells) for row in rows)]
        case BulletList(items=items) | NumberedList(items=items):
            return [item.text for item in items]
        case CodeBlock(text=text):
            return [text]
        case _:
            return [block.text]
