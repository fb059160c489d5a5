"""`toban init`: a first toban.toml that loads."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.registered import PARTS

from toban.engine.bindings.load import load_bindings, secret_findings
from toban.engine.bindings.model import Bindings
from toban.faces.cli.document.init import command

DESIGN = """\
# 受付 "窓口" 運用設計書

## 運用体制
| 役割 | 担当 | 対応時間 |
|------|------|---------|
| 運用責任者 | [氏名] | 平日9:00-18:00 |

## 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|------|---------|---------|------|------|---------|
| Webサーバー | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| DB | 接続数 | 0-80 | 90 | 100 | 1分 |

### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|-------|-------|---------|----------|
| 異常 (Critical) | 運用責任者、開発担当者 | Slack、メール、電話 | 即時 |

## 定期作業
### 週次作業
| 作業項目 | 実施日時 | 担当者 | 内容 |
|---------|---------|-------|------|
| 脆弱性スキャン | 毎週水曜深夜 | 自動 | CVEチェック |
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "運用設計書.md"
    path.write_text(DESIGN, encoding="utf-8")
    return path


def init(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments], obj=PARTS)


def load(path: Path) -> Bindings:
    return load_bindings(path, PARTS.schema)


def test_the_written_bindings_load_unchanged_and_bind_nothing(document: Path) -> None:
    result = init(document)

    bindings = load(document.with_name("toban.toml"))
    assert result.exit_code == 0
    assert bindings.system.name == '受付 "窓口" 運用設計書'
    assert (bindings.targets, bindings.people, bindings.channels) == ({}, {}, {})


def test_every_proposal_loads_when_it_is_uncommented(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init(document)
    path = document.with_name("toban.toml")
    path.write_text(re.sub(r"(?m)^#(?! )", "", path.read_text()))

    bindings = load(path)

    kinds = {target: [each.kind for each in bound] for target, bound in bindings.targets.items()}
    assert kinds == {"Webサーバー": ["prometheus"], "DB": ["prometheus", "postgresql"]}
    assert set(bindings.people) == {"運用責任者", "開発担当者"}
    assert set(bindings.channels) == {"slack", "email", "電話"}
    assert set(bindings.meanings) == {"深夜"}
    for variable in ("DATABASE_URL", "SLACK_WEBHOOK_URL", "SMTP_PASSWORD", "APPRISE_URL"):
        monkeypatch.setenv(variable, "x")
    assert secret_findings(bindings) == ()


def test_the_written_bindings_cite_the_rows_and_say_what_cannot_be_bound(document: Path) -> None:
    init(document)

    text = document.with_name("toban.toml").read_text()
    assert f"# {document}:14 DB | 接続数 | 0-80 | 90 | 100 | 1分" in text
    assert '#[channels."電話"]\n#kind = "apprise"' in text
    assert '#answers_to = "電話"' in text


ANSWERING = """
## 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|------|---------|---------|------|------|---------|
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |

## ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---------|------|-------|---------|
| アクセスログ | 要求と応答 | Toban | 90日 |
| アプリログ | 処理 | Toban | 90日 |
| バッチ ログ | 夜間の処理 | Toban | 90日 |
| 監査ログ | 権限への操作 | S3 | 1年 |
"""


def test_probes_senders_turns_and_the_mail_servers_port_are_proposed(document: Path) -> None:
    document.write_text(DESIGN + ANSWERING, encoding="utf-8")
    init(document)
    path = document.with_name("toban.toml")
    path.write_text(re.sub(r"(?m)^#(?! )", "", path.read_text()))

    bindings = load(path)

    assert [each.kind for each in bindings.targets["API"]] == ["prometheus", "http"]
    assert [each.kind for each in bindings.targets["Webサーバー"]] == ["prometheus"]
    assert bindings.senders["app"].may == ("logs",)
    assert bindings.senders["app"].kinds == ("アクセスログ", "アプリログ", "バッチ ログ")
    assert bindings.duty["運用責任者"].layers[0].people == ("運用責任者",)
    assert "\nport = 587\n" in path.read_text()


def test_each_kind_of_log_has_a_file_of_its_own(document: Path) -> None:
    document.write_text(DESIGN + ANSWERING, encoding="utf-8")
    init(document)
    path = document.with_name("toban.toml")
    path.write_text(re.sub(r"(?m)^#(?! )", "", path.read_text()))

    sender = load(path).senders["app"]

    assert sender.log == ""
    assert [(each.log, each.path, each.format) for each in sender.files] == [
        ("アクセスログ", "*/access*.log", "access"),
        ("アプリログ", "*/app*.log", None),
        ("バッチ ログ", "*/バッチログ*.log", None),
    ]


def test_traces_are_sent_and_are_no_file(document: Path) -> None:
    document.write_text(DESIGN + ANSWERING.replace("バッチ ログ | 夜間", "トレース | 夜間"), encoding="utf-8")
    init(document)
    path = document.with_name("toban.toml")
    path.write_text(re.sub(r"(?m)^#(?! )", "", path.read_text()))

    sender = load(path).senders["app"]

    assert sender.may == ("logs", "traces")
    assert [each.log for each in sender.files] == ["アクセスログ", "アプリログ"]


def test_a_channel_that_no_kind_serves_is_said_to_be_unconnectable(document: Path) -> None:
    document.write_text(document.read_text(encoding="utf-8").replace("電話", "Sentry"), encoding="utf-8")

    init(document)

    assert "# Sentry をつなぐ方法はまだありません" in document.with_name("toban.toml").read_text()


def test_an_unknown_word_for_a_channel_is_pointed_out(document: Path) -> None:
    document.write_text(document.read_text(encoding="utf-8").replace("電話", "伝書鳩"), encoding="utf-8")

    init(document)

    text = document.with_name("toban.toml").read_text()
    assert '「伝書鳩」は対応していない通知方法です。届けるものがあれば [channels."伝書鳩"] に書きます' in text


def test_an_existing_file_is_overwritten_only_on_request(document: Path) -> None:
    path = document.with_name("toban.toml")
    path.write_text("mine")

    refused, told = init(document), init(document, "--yes")

    assert (refused.exit_code, told.exit_code) == (2, 0)
    assert "HINT: 上書きするなら --yes" in refused.stderr
    assert path.read_text() != "mine"


def test_the_output_path_can_be_chosen(document: Path, tmp_path: Path) -> None:
    assert init(document, "--output", tmp_path / "x.toml").exit_code == 0
    assert init(document, "--output", tmp_path / "nowhere" / "x.toml").exit_code == 2
    assert load(tmp_path / "x.toml").channels == {}


def test_a_missing_document_is_refused_with_a_hint(tmp_path: Path) -> None:
    result = init(tmp_path / "none.md")

    assert result.exit_code == 2
    assert "HINT:" in result.stderr


@pytest.mark.parametrize("kind", [*PARTS.kinds.modules["sources"], *PARTS.kinds.modules["channels"]])
def test_the_example_of_every_kind_is_valid(kind: str) -> None:
    model = {**PARTS.schema.of("sources"), **PARTS.schema.of("channels")}[kind]

    assert isinstance(model.model_validate(dict(model.example)), model)
