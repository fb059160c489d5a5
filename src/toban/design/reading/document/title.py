"""What a document's title says of the rows below it: whether they are rules, and whether of operations.

A title is written once and stands above everything, so it decides little about one row. But there are two
things that only it says: that the document tells of rules and states none (a report, a lesson, a plan), and
that it is about something that is operated. Without the latter more must speak for a row, because targets,
tasks and failures also stand in the design of a program, the guide to its set-up or a plan to build it.
"""

from collections.abc import Sequence

from toban.design.section import heading_words, normalise
from toban.design.shapes.shape import words

_STATES_NONE = words(
    # Reports and records.
    r"(?:開発|作業|対応|変更)の?(?:履歴|記録|日誌)|\b(?:development|work) (?:history|log|diary)\b"
    r"|(?:報告書?|レポート|サマリー|議事録|引き?継ぎ|ハンドオフ"
    r"|(?:調査|分析|検証|監査|点検|実施|実装|対応|訓練|レビュー)の?(?:結果|記録))(?:(?: ?[-–—:|(/]| の).*)?$"
    r"|\b(?:reports?|complete[d!]?|summary|minutes|retrospective|post-?mortems?|findings|hand-?off"
    r"|lessons? learned"
    r"|audit (?:log|results?)|(?:drill|incident|change|test[- ]fire|verification) log)"
    r"(?: ?[-–—:|(&].*| and .*| [a-z]{0,5}-?\d[\w.-]*)?$"
    # Lessons, and guides to writing such a document.
    r"|チュートリアル|ハンズオン|講座|入門|ベストプラクティス"
    r"|(?:定義|作成|記述|執筆|策定)の?(?:ガイド(?:ライン)?|ルール|規約|手引き?|要領|基準|方法)"
    r"|\b(?:tutorial|workshop|cheat ?sheet|best practices|deep dive)\b|^(?:how to write|writing|reference:)"
    # What is done once: plans, tickets, set-up, a move.
    r"|ロードマップ|バックログ|タスク(?:リスト|割|アサイン|分解)|(?:改善|実装|開発|移行|更新|検証|テスト|プロジェクト)計画"
    r"|(?:環境|開発|ローカル).{0,12}(?:セットアップ|構築)|インストール|切り?替え(?:手順|計画)|移行手順|撤去|廃止手順"
    r"|\b(?:improvement|readiness|implementation|development|execution|migration|project|action) plan\b"
    r"|\broadmap\b|\bbacklog\b|\b(?:local|dev\w*|environment) .{0,20}set-?up|\binstallation"
    r"|getting started|quick ?start"
    r"|\bcut-?over\b|\bdestroy|\bdecommission|\bmigrati(?:on to|ng)"
    r"|^(?:epic|story|task|ticket|issue|step|sprint|milestone|lesson|module|chapter|adr|rfc)[ #-]*\d"
    # What others fill in.
    r"|テンプレート|雛形|ひな形|サンプル$|\b(?:templates?|samples?)\b"
)
_PHASE = words(r"\W*(?:phase|フェーズ)[ #-]*\d")
"""A part of a project that builds what will be operated: Phase 6-4: monitoring."""
_OPERATED = words(
    r"運用|監視|保守|メンテ|バックアップ|リストア|復旧|復元|災害|障害|インシデント|アラート|アラーム|バッチ|ジョブ|ログ(?:管理|設計|基盤)"
    r"|サービスレベル|非機能|可用性|信頼性|キャパシティ|容量|当番|オンコール|エスカレ|連絡先|マニュアル|手順書|ランブック|管理者"
    r"|リリース|デプロイ"
    r"|\b(?:sl[aio]s?|rto|rpo|dr|bcp|nfrs?|sre|sops?)\b|operation|operating|monitor|alert|\balarms?\b|runbook|playbook|backup"
    r"|restor|recover|disaster|continuity|incident|escalat|on-?call|maintenance|service level|reliab|availab"
    r"|capacity"
    r"|observab|batch|\bjobs?\b|patch|non-?functional|deploy|release"
)
_NO_LETTER = r"[^a-zぁ-ヿ一-鿿]*"
_SAYS_NOTHING = words(
    r"(?:目的|概要|はじめに|序|本書について|設計書|ドキュメント|資料|文書|規程|手引き?|overview|introduction|purpose|about"
    rf"|handbook|manual|guide(?:lines?)?|documentation|docs|notes|policy|rules|){_NO_LETTER}"
)
_SEVERAL = 2
"""One chapter may be about anything; so many that are about operations make a document of them."""


def states_none(title: str) -> bool:
    """Say whether the document only tells of rules: a report, a lesson, a plan, a form."""
    return _STATES_NONE.search(heading_words(title)) is not None or _PHASE.match(normalise(title)) is not None


def is_of_operations(title: str, chapters: Sequence[str]) -> bool:
    """Say whether the title names something that is operated, or nothing, or most of the chapters do."""
    said = heading_words(title)
    if _SAYS_NOTHING.fullmatch(said) or _OPERATED.search(said):
        return True
    operated = sum(_OPERATED.search(heading_words(chapter)) is not None for chapter in chapters)
    return operated >= max(_SEVERAL, len(chapters) / 2)
