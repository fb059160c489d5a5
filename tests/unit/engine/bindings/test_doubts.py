"""Valid bindings that are nevertheless doubtful."""

from pathlib import Path

from tests.registered import schema

from toban.chapters.backup.bindings import BackupBinding
from toban.chapters.logs import doubts as logs
from toban.chapters.objectives import doubts as objectives
from toban.design.reader import read_design
from toban.engine.bindings.doubts import binding_findings
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.section import Section

DESIGN = read_design(
    """\
# 運用設計書

## 運用体制
| 役割 | 担当 | 対応時間 |
|------|------|---------|
| 運用責任者 | [氏名] | 平日9:00-18:00 |

## 監視
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Webサーバー | CPU使用率 | 0-60% | 70% | 85% | 1分 |

## バックアップ方針
| 対象 | 方式 | 頻度 | 保存先 | 保存期間 |
|---|---|---|---|---|
| PostgreSQL | フル | 日次 2:00 | S3 | 30日 |

## ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | S3 | 90日 |
| 取引ログ | 注文 | S3 | 7年 |

## 定期作業
### 日次作業
| 作業項目 | 実施時間 | 担当者 | 内容 |
|---------|---------|-------|------|
| ログ確認 | 9:00 | 開発担当者 | 前日の通知を見る |
""",
    "運用設計書.md",
)


class Probe(Section):
    pass


class Engine(BackupBinding):
    pass


SCHEMA = schema(sources={"probe": Probe}, backups={"engine": Engine})


def doubts(text: str) -> list[str]:
    bindings = read_bindings(text, Path("toban.toml"), SCHEMA)
    return [
        str(finding)
        for finding in binding_findings(DESIGN, bindings, SCHEMA, (objectives.doubts, logs.doubts))
    ]


def test_names_used_anywhere_in_the_document_raise_no_doubt() -> None:
    text = """\
[targets."Webサーバー"]
sources = [{ kind = "probe" }]
[people."運用責任者"]
[people."開発担当者"]
"""

    assert doubts(text) == []


def test_targets_and_roles_without_a_row_are_reported_with_the_nearest_known_name() -> None:
    text = """\
[people."運用責任"]

[targets."Webサーバ"]
sources = [{ kind = "probe" }]
[targets.Cache]
sources = [{ kind = "probe" }]
"""

    assert (
        "\n".join(doubts(text))
        == """\
toban.toml:3: BD009 「Webサーバ」は 運用設計書.md のどの行にも出てきません
    [targets."Webサーバ"]
HINT: 「Webサーバー」ではありませんか
toban.toml:5: BD009 「Cache」は 運用設計書.md のどの行にも出てきません
    [targets."Cache"]
HINT: 文書の言葉で書いてください: 「Webサーバー」"""
    )


def test_a_backup_of_a_subject_without_a_row_is_reported() -> None:
    known, unknown = (f'[backups.{name}]\nkind = "engine"\n' for name in ("PostgreSQL", "Postgresql"))

    assert doubts(known) == []
    (found,) = doubts(unknown)
    assert "BD009 「Postgresql」" in found
    assert "「PostgreSQL」ではありませんか" in found


def test_people_used_in_rotations_or_escalations_raise_no_doubt() -> None:
    text = """\
[people."上原"]
[people."副当番"]
[[notices.escalation]]
after = "15分"
to = ["副当番"]
[[duty."運用責任者".layers]]
people = ["上原"]
[[duty."副当番".layers]]
people = ["上原"]
"""

    assert doubts(text) == []


def test_a_rotation_for_a_role_without_a_row_raises_a_doubt() -> None:
    (doubt,) = doubts('[people."上原"]\n[[duty."運用責任社".layers]]\npeople = ["上原"]\n')

    assert "BD009 「運用責任社」は 運用設計書.md のどの行にも出てきません" in doubt
    assert "HINT: 「運用責任者」ではありませんか" in doubt


def test_a_public_service_without_measurements_raises_a_doubt() -> None:
    (doubt,) = doubts('[status]\ntitle = "x"\n[[status.services]]\nname = "店"\ntarget = "API"\n')

    assert doubt.startswith("toban.toml:1: BD009 公開ページの「店」を測る対象「API」がありません")
    assert 'HINT: [targets."API"] を書くか' in doubt


def test_a_syslog_listener_without_senders_is_reported() -> None:
    (doubt,) = doubts('[syslog]\ntcp = "127.0.0.1:5514"')

    assert doubt.startswith("toban.toml:1: BD009 syslog を待ち受けますが、networks を書いた送り手がない")
    assert "HINT: [senders.名前] に networks" in doubt


def test_a_syslog_sender_without_a_listener_is_reported() -> None:
    (doubt,) = doubts('[senders.fw]\nmay = ["logs"]\nnetworks = ["10.0.0.0/8"]')

    assert doubt.startswith("toban.toml:1: BD009 送り手「fw」に networks がありますが")


def test_a_kind_of_log_missing_from_the_document_is_reported() -> None:
    found = doubts("""\
[syslog]
udp = "127.0.0.1:5514"
[senders.shop]
may = ["logs"]
networks = ["10.0.0.0/8"]
log = "取引ログ"
files = [{ path = "*", log = "アクセスログ" }, { path = "*", log = "access" }, { path = "*", log = "取引"}]
[logs]
kinds = [{ field = "logger", value = "audit", log = "監査ログ" }]
""")

    assert [each.splitlines()[0] for each in found] == [
        "toban.toml:3: BD009 ログ種別「取引」は 運用設計書.md にないので、その行はいつまでも残ります",
        "toban.toml:8: BD009 ログ種別「監査ログ」は 運用設計書.md にないので、その行はいつまでも残ります",
    ]
    assert "HINT: 「取引ログ」ではありませんか" in found[0]


def test_an_archive_with_an_unbound_store_or_an_unknown_kind_is_reported() -> None:
    first, second = doubts('[logs.archive]\nstore = "S4"\nkinds = ["アクセスログ", "取引"]\n')

    assert first.startswith(
        "toban.toml:1: BD009 ログのアーカイブ先「S4」がありません。それまでログは削除されません"
    )
    assert 'HINT: [stores."S4"] を書いてください' in first
    assert second.startswith("toban.toml:1: BD009 ログ種別「取引」は 運用設計書.md にない")


def test_shipping_evidence_to_an_unbound_store_is_reported() -> None:
    (doubt,) = doubts('[evidence]\nstore = "監査"\n')

    assert doubt.startswith(
        "toban.toml:1: BD009 証跡の送り先「監査」がありません。それまで証跡は送られません"
    )


def test_sending_heads_of_the_evidence_through_an_unbound_channel_is_reported() -> None:
    (doubt,) = doubts('[evidence]\nchannel = "監査メール"\n')

    assert doubt.startswith("toban.toml:1: BD009 証跡の末尾を送る通知チャネル「監査メール」がありません")
    assert 'HINT: [channels."監査メール"] を書いてください' in doubt
