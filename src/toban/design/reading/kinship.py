"""Whether a document is about operating a system at all.

Marketing, teaching or investment plans share words and even tables with an operations design (運用 also means
investing money). Read as one, they would page people for a share price.
"""

from collections.abc import Sequence

from toban.design.markdown import Block, Heading
from toban.design.reading.outcome import RowFate, RowOutcome
from toban.design.section import heading_words
from toban.design.shapes.shape import words
from toban.message import NOTHING, Message

_OPERATIONS = words(
    "運用|監視|アラート|アラーム|ログ|バックアップ|リストア|復旧|復元|障害|インシデント|デプロイ|リリース|ロールバック|バッチ|ジョブ|定期|メンテ"
    "|セキュリティ|脆弱性|容量|キャパシティ|スケーリング|可用性|性能|非機能|保守|sla|slo|rpo|rto|閾値|しきい値|メトリクス|ヘルスチェック|オンコール"
    "|エスカレーション|サーバ|データベース|システム|インフラ|\\bdb\\b|体制|連絡先|日次|週次|月次|トラブル|起動|停止|コスト管理|構成|保持|保存期間|アクセス|アカウント|権限|パスワード|通知|ドキュメント管理"
    "|operation|monitor|alert|\\blogs?\\b|logging|backup|restore|recover|incident|deploy|release|rollback|batch|\\bjobs?\\b|maintenance|security"
    "|capacity|scal|availab|reliab|runbook|on-?call|escalat|infrastructure|database|server|system|health|metric|threshold|performance|cache|queue"
)
_FOREIGN = words(
    "マーケティング|集客|セールス|営業|販売戦略|商品|ペルソナ|顧客獲得|カスタマーサクセス|収益|売上|料金体系|課金|キャンペーン|ブランド|広告|seo"
    "|投資|資産運用|銘柄|ポートフォリオ|売買|損切|利確|相場|株価|資金管理|リバランス|ファンド"
    "|講師|生徒|学習プラン|カリキュラム|授業|レッスン|ユーザージャーニー|コンテンツ計画|ロードマップ|競合"
    "|marketing|\\bsales\\b|persona|pricing|revenue|branding|campaign|advertis|invest|portfolio"
    "|trading|\\bstocks?\\b|asset allocation|curriculum|lesson"
)
# Above the first share of headings, another subject is suspected; above the second, it is certain.
_MUCH, _MOST = 0.2, 0.5
# Any document may have one stray heading.
_SEVERAL = 3


def why_foreign(blocks: Sequence[Block], outcomes: Sequence[RowOutcome]) -> Message:
    """Return the reason to refuse the document as being about something else; nothing if it should be read.

    A short document in the terms of operations is never refused, however little of it was understood.
    """
    headings = [heading_words(block.text) for block in blocks if isinstance(block, Heading)]
    read = sum(outcome.fate is RowFate.READ for outcome in outcomes)
    rows = sum(outcome.fate is not RowFate.ASIDE for outcome in outcomes)
    own = sum(_OPERATIONS.search(heading) is not None for heading in headings)
    foreign = sum(_FOREIGN.search(heading) is not None for heading in headings)
    if read == 0 and own == 0:
        return Message("design.nothing-about-operations")
    is_suspect = foreign > len(headings) * _MUCH and read < rows / 2
    is_certain = foreign > len(headings) * _MOST
    if foreign >= _SEVERAL and (is_suspect or is_certain):
        return Message("design.other-subject")
    return NOTHING
