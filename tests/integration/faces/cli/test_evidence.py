import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from toban.engine.evidence.ledger import Record, append
from toban.engine.evidence.models import LedgerEntry
from toban.faces.cli.evidence import command

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def entries() -> tuple[LedgerEntry, ...]:
    records = [Record(LedgerEntry.Kind.AUDIT, {"number": number}) for number in range(3)]
    return append(*records, now=NOON)


def test_a_sound_chain_is_confirmed_with_its_head(entries: tuple[LedgerEntry, ...]) -> None:
    result = CliRunner().invoke(command, ["verify"])

    assert result.exit_code == 0
    assert result.output == f"● 証跡 3 件はすべてつながっています\n末尾 3:{entries[2].digest}\n"


def test_the_first_broken_link_is_named_with_a_way_out(entries: tuple[LedgerEntry, ...]) -> None:
    LedgerEntry.objects.filter(sequence=2).delete()

    result = CliRunner().invoke(command, ["verify"])

    assert result.exit_code == 1
    assert "■ 証跡の 2 番でつながりが切れています: 2 番がありません" in result.output
    assert f"確かな末尾 1:{entries[0].digest}" in result.output
    assert "HINT:" in result.output


def test_a_cut_end_is_found_by_the_head_printed_earlier(entries: tuple[LedgerEntry, ...]) -> None:
    LedgerEntry.objects.filter(sequence=3).delete()

    result = CliRunner().invoke(command, ["verify", "--known", f"3:{entries[2].digest}", "--format", "json"])

    assert result.exit_code == 1
    assert json.loads(result.output)["broken"]["sequence"] == 3


def test_a_head_of_another_shape_is_refused() -> None:
    result = CliRunner().invoke(command, ["verify", "--known", "3"])

    assert result.exit_code == 2
    assert "番号:要約値" in result.output
