"""An external extension: Toban knows it only through its value in the list of extensions."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_django import Settings
from tests.integration.extensions.toy import extension as toy

from toban import wiring
from toban.engine.evidence.models import ClauseStatus
from toban.engine.registry.parts import Parts
from toban.engine.worker import Worker
from toban.faces.cli.document import check, init, why

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
DOCUMENT = """# 運用設計書
## 9. キャパシティ管理
### リソース使用状況
| リソース | 現在使用量 | 上限 | 使用率 | 次回拡張予定 |
|---|---|---|---|---|
| DBストレージ | 100GB | 500GB | 20% | 使用率70%到達時 |
| S3 | 10GB | 500GB | 2% | 使用率70%到達時 |
"""
STORAGE = "capacity/resource-usage/DBストレージ"
BUCKET = "capacity/resource-usage/S3"


@pytest.fixture
def parts() -> Parts:
    return Parts((*wiring.EXTENSIONS, toy.__name__))


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document with one of its two rows bound."""
    path = tmp_path / "運用設計書.md"
    path.write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text('[usage."DBストレージ"]\nfile = "disk"\n', encoding="utf-8")
    (tmp_path / "disk").write_bytes(b"12345")
    monkeypatch.setenv("TOBAN_DESIGN", str(path))
    monkeypatch.setenv("TOBAN_TELEMETRY_URL", "http://127.0.0.1:9")
    return path


@pytest.fixture
def worked(parts: Parts, document: Path, settings: Settings, tmp_path: Path) -> Iterator[None]:
    """The steps of a worker, done once."""
    settings.HOME = tmp_path / "home"
    worker = Worker(parts, clock=lambda: NOON)
    steps = {loop.name: loop.step for loop in worker.loops()}
    for name in ("reload", "standing", "usage"):
        steps[name]()
    yield
    worker.close()


@pytest.mark.usefixtures("worked")
def test_the_extensions_loop_judges_bound_rows_and_unbound_rows_say_how_to_bind_them() -> None:
    shown = {each.clause_id: each for each in ClauseStatus.objects.all()}

    assert (shown[STORAGE].verdict, str(shown[STORAGE].value)) == ("conforming", "5 B")
    assert (shown[BUCKET].verdict, str(shown[BUCKET].reason)) == (
        "unbound",
        '[usage."S3"] を書いてください',
    )


def test_the_extensions_tables_are_read_proposed_and_checked(parts: Parts, document: Path) -> None:
    drafted = document.with_name("drafted.toml")
    done = CliRunner().invoke(init.command, [str(document), "--output", str(drafted)], obj=parts)
    edition = parts.in_force()
    edition.refresh()
    assert edition.edition is not None
    document.with_name("disk").unlink()

    assert done.exit_code == 0
    assert '#[usage."DBストレージ"]\n#file = "disk"' in drafted.read_text(encoding="utf-8")
    doubts = parts.findings(edition.edition.design, edition.edition.bindings)
    assert [finding.code for finding in doubts] == ["TY001"]


def test_a_name_without_a_row_raises_a_doubt_automatically(parts: Parts, document: Path) -> None:
    document.with_name("toban.toml").write_text('[usage."DBストレジ"]\nfile = "disk"\n', encoding="utf-8")
    in_force = parts.in_force()
    in_force.refresh()
    assert in_force.edition is not None

    (doubt,) = parts.findings(in_force.edition.design, in_force.edition.bindings)

    assert doubt.code == "BD009"
    assert "「DBストレージ」ではありませんか" in str(doubt.hint)


def test_the_extensions_bindings_are_tried_by_check_live(parts: Parts, document: Path) -> None:
    document.with_name("disk").unlink()

    done = CliRunner().invoke(check.command, [str(document), "--live"], obj=parts)

    assert "TY002 使用量 DBストレージ: disk がありません" in done.output


def test_the_extensions_command_is_listed_and_can_be_run(parts: Parts) -> None:
    group = wiring.command(parts)

    assert "使用状況" in CliRunner().invoke(group, ["--help"]).output
    assert CliRunner().invoke(group, ["usage"]).output == "usage\n"


@pytest.mark.usefixtures("document")
def test_the_extension_explains_its_own_names_and_lists_them(
    parts: Parts, settings: Settings, tmp_path: Path
) -> None:
    settings.HOME = tmp_path / "home"

    told = CliRunner().invoke(why.command, ["disk"], obj=parts)
    refused = CliRunner().invoke(why.command, ["tape"], obj=parts)

    assert told.output == "disk is measured by its file\n"
    assert (refused.exit_code, "文書のバッチ: ありません、使用量: disk" in refused.stderr) == (1, True)
