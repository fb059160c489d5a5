"""Whatever a document's cells contain, inspecting it ends with findings and never fails."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from toban.design.document_file import UnreadableDocument
from toban.design.lint import inspect
from toban.design.reader import read_design

NUMBERS = st.integers(0, 10**15).map(str) | st.sampled_from(
    ["0", "1", "0.1", "99.9", "100", "70", "999999999"]
)
UNITS = st.sampled_from(["%", "ms", "秒", "分", "時間", "日", "年", "世代", "台", "GB", "円", "回", ""])
TAILS = st.sampled_from(
    ["", "以上", "以下", "未満", "毎", "以内", "以内復旧", "が5分継続", "以上が連続999999999回", "の間"]
)
FIGURES = st.tuples(NUMBERS, UNITS, TAILS).map("".join)
WORDS = st.sampled_from(
    [
        *(
            "-",
            "",
            "日次",
            "深夜2:00",
            "毎月第5日曜日 23:00-1:00",
            "毎月31日",
            "月末",
            "第30営業日",
            "四半期毎",
            "年0回",
        ),
        *(
            "24時間365日",
            "平日9:00-18:00",
            "即時",
            "PostgreSQL",
            "増分バックアップ",
            "稼働率",
            "RPO",
            "RTO",
            "全体",
        ),
        *(
            "99.9% (年間ダウンタイム999999999999年以内)",
            "99.9% (月間ダウンタイム0分以内)",
            "運用責任者",
            "[氏名]",
            "DEBUG",
        ),
        *(
            "Critical",
            "異常",
            "手動再実行",
            "¥0",
            "¥1 (0%)",
            "0-0%",
            "0-60%",
            "失敗時0回まで自動リトライ",
            "×",
            "バッチ",
        ),
    ]
)
CELLS = st.one_of(WORDS, FIGURES)
TABLES = [
    ("運用目標", "項目 | 目標値"),
    ("運用体制", "役割 | 担当 | 対応時間"),
    ("監視項目", "対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔"),
    ("アラート通知", "レベル | 通知先 | 通知方法 | タイミング"),
    ("ログ種別", "ログ種別 | 内容 | 出力先 | 保存期間"),
    ("ログレベル", "レベル | 用途 | 本番環境出力"),
    ("バックアップ方針", "対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間"),
    ("RPO/RTO", "項目 | 目標値"),
    ("リリーススケジュール", "リリース種別 | 頻度 | タイミング"),
    ("バッチ一覧", "バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応"),
    ("障害レベル定義", "レベル | 定義 | 対応時間"),
    ("リソース使用状況", "リソース | 現在使用量 | 上限 | 使用率 | 次回拡張予定"),
    ("月次作業", "作業項目 | 実施日 | 担当者 | 内容"),
    ("コスト監視", "項目 | 月額予算 | アラートしきい値 | 確認頻度"),
]


@st.composite
def documents(draw: st.DrawFn) -> str:
    parts = ["# 運用設計書\n\n## 運用方針\n"]
    for heading, header in draw(st.lists(st.sampled_from(TABLES), min_size=1, max_size=5)):
        columns = header.count("|") + 1
        rows = draw(st.lists(st.lists(CELLS, min_size=columns, max_size=columns), min_size=1, max_size=4))
        parts.append(f"\n### {heading}\n| {header} |\n|{'---|' * columns}\n")
        parts.extend(f"| {' | '.join(row)} |\n" for row in rows)
    window, promise = draw(WORDS), draw(FIGURES)
    parts.append(f"\n### サービス提供時間\n- **稼働時間**: 24時間365日\n- **メンテナンス**: {window}\n")
    parts.append(
        f"\n### 障害対応\n- **即時検知**: 監視アラートで{promise}に検知\n- **リトライ**: {draw(FIGURES)}\n"
    )
    return "".join(parts)


@settings(max_examples=200, deadline=None)
@given(text=documents(), today=st.dates(date(1970, 1, 1), date(2100, 1, 1)))
def test_every_document_is_inspected_to_the_end(text: str, today: date) -> None:
    try:
        design = read_design(text, "ops.md")
    except UnreadableDocument:
        return

    findings = inspect(design, today)

    assert list(findings) == sorted(findings, key=lambda finding: (finding.origin.line, finding.code))
    assert all(finding.message and finding.hint for finding in findings)
