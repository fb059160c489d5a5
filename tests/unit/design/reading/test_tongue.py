"""A document in a language that the reader does not know is refused, whatever words it shares with others."""

from pathlib import Path

import pytest

from toban.design.document_file import UnreadableDocument
from toban.design.reader import load_design

TARGETS = "\n\n## SLO\n\n| Metric | Target |\n|---|---|\n| API response time p95 | 300ms |\n\n"


@pytest.mark.parametrize(
    "text",
    [
        "Os planos de monitoramento do sistema e a latência da API em produção, com alertas para o time. "
        * 3,
        "Le plan de sauvegarde des données est sur la page du site et dans les serveurs pour une équipe. "
        * 3,
        "系统监控与告警规则：数据库备份时间为每天，应急响应时间与恢复目标。" * 3,
        "서비스 모니터링과 경보 규칙은 운영 담당자가 매일 확인한다. 데이터베이스 백업도 확인한다. ",
        "План резервного копирования базы данных и восстановления сервиса после сбоя системы.",
    ],
)
def test_another_language_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "運用設計書.md"
    path.write_text(f"# SLO monitoring\n\n{text}{TARGETS}", "utf-8")

    with pytest.raises(UnreadableDocument) as refusal:
        load_design(path)

    assert refusal.value.args[0].values["why"].code == "design.unknown-language"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "稼働時間の定義",
        "The servers of São Paulo and de Gaulle are in the same region as those of the office in Zürich.",
        "Сервис and 서비스 are names of the services; 系统 is another.",
        "監視は当番が行います。用語は 系统监控与告警 とも書きます。",
    ],
)
def test_names_in_another_language_are_no_reason(tmp_path: Path, text: str) -> None:
    path = tmp_path / "運用設計書.md"
    path.write_text(f"# SLO monitoring\n\n{text}{TARGETS}", "utf-8")

    assert load_design(path).read == 1
