import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from django.utils.translation import override
from pytest_django import Settings
from tests.forking import run
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import PARTS

from toban.engine.evidence.ledger import Record, append
from toban.engine.evidence.models import LedgerEntry
from toban.engine.telemetry.store import Telemetry
from toban.faces.cli.evidence.evidence import command

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def entries() -> tuple[LedgerEntry, ...]:
    records = [Record(LedgerEntry.Kind.AUDIT, {"number": number}) for number in range(3)]
    return append(*records, now=NOON)


def test_a_valid_chain_is_confirmed_with_its_head(entries: tuple[LedgerEntry, ...]) -> None:
    result = evidence("verify")

    assert result.exit_code == 0
    assert result.output == (
        f"● 証跡 3 件はすべてつながっています\n末尾 3:{entries[2].digest}\n"
        "? 外の控えを読めなかったため、台帳の全体が書き換えられていないことは確かめられません\n"
        "HINT: [stores] に保存先を書くと毎日そこへ末尾を控え、"
        "[evidence] に channel を書くと毎日そこへ送ります。手元に控えた末尾は --known で渡せます\n"
    )


def test_the_result_is_in_english_too(entries: tuple[LedgerEntry, ...]) -> None:
    with override("en"):
        whole = evidence("verify")
        LedgerEntry.objects.filter(sequence=2).delete()
        broken = evidence("verify")

    assert whole.output.startswith(f"● The evidence is intact: 3 entries\nHead 3:{entries[2].digest}\n")
    assert "nothing proves that the whole ledger was not written anew" in whole.output
    assert "■ The evidence is broken at entry 2: Entry 2 is missing" in broken.output


def test_the_first_broken_link_is_named_with_a_hint(entries: tuple[LedgerEntry, ...]) -> None:
    LedgerEntry.objects.filter(sequence=2).delete()

    result = evidence("verify")

    assert result.exit_code == 1
    assert "■ 証跡の 2 番でつながりが切れています: 2 番がありません" in result.output
    assert f"確かな末尾 1:{entries[0].digest}" in result.output
    assert "HINT:" in result.output


def test_a_truncated_chain_is_detected_by_the_head_printed_earlier(entries: tuple[LedgerEntry, ...]) -> None:
    LedgerEntry.objects.filter(sequence=3).delete()

    result = evidence("verify", "--known", f"3:{entries[2].digest}", "--format", "json")

    assert result.exit_code == 1
    assert json.loads(result.output)["broken"]["sequence"] == 3


def test_a_head_printed_earlier_proves_what_is_before_it(entries: tuple[LedgerEntry, ...]) -> None:
    result = evidence("verify", "--known", f"2:{entries[1].digest}")

    assert result.exit_code == 0
    assert result.output.endswith("● 2 番までは、--known の末尾と一致します\n")


def test_a_head_of_another_shape_is_refused() -> None:
    result = CliRunner().invoke(command, ["verify", "--known", "3"])

    assert result.exit_code == 2
    assert "番号:要約値" in result.output


DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| 監査ログ | 重要操作 | S3 | 1年 |
"""
BINDINGS = """
[stores."監査"]
kind = "directory"
path = "outside"

[evidence]
store = "監査"
"""


@pytest.fixture(scope="module")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with StoreProcess(tmp_path_factory.mktemp("evidence") / "store") as child:
        child.telemetry = Telemetry(child.telemetry_url)
        child.telemetry.ensure_schema()
        yield child.telemetry_url


@pytest.fixture
def outside(tmp_path: Path, settings: Settings, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two segments of evidence with three entries each, shipped by the command."""
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.delenv("TOBAN_BINDINGS", raising=False)
    settings.HOME, settings.TELEMETRY_URL = tmp_path / "home", store_url
    folder = tmp_path / "outside"
    folder.mkdir()
    for _ in range(2):
        append(*(Record(LedgerEntry.Kind.AUDIT, {"number": number}) for number in range(3)), now=NOON)
        sent = evidence("export")
        assert (sent.exit_code, sent.output.splitlines()[0]) == (0, "1 区間を送りました")
    return folder


def evidence(*arguments: str) -> Result:
    parts = PARTS
    return CliRunner().invoke(command, arguments, obj=parts)


def segment(outside: Path, number: int) -> Path:
    return outside / f"evidence/ledger/{number:08}.ndjson"


def test_shipped_segments_are_confirmed_from_the_store_and_from_a_copy(outside: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(outside, tmp_path / "copy")

    for place in ("監査", str(outside), str(copy)):
        found = evidence("verify", "--from", place)

        assert found.exit_code == 0, found.output
        assert found.output.startswith("● ledger 2 区間 6 行はすべてつながっています\n末尾 ledger/2:")


def test_one_segment_can_be_confirmed_alone_under_any_name(outside: Path, tmp_path: Path) -> None:
    copy = shutil.copy(segment(outside, 2), tmp_path / "証跡.txt")

    found = evidence("verify", "--from", str(copy))

    assert found.exit_code == 0
    assert found.output.startswith("● ledger 1 区間（2 番から） 3 行はすべて")


def test_a_changed_line_is_named(outside: Path) -> None:
    path = segment(outside, 1)
    path.write_bytes(path.read_bytes().replace(b'{"number":1}', b'{"number":7}'))

    found = evidence("verify", "--from", "監査")
    told = evidence("verify", "--from", "監査", "--format", "json")

    assert found.exit_code == 1
    assert "■ evidence/ledger/00000001.ndjson:3: 行の内容が要約値と一致しません" in found.output
    assert "HINT:" in found.output
    (ledger,) = json.loads(told.output)
    assert ledger["broken"] == {
        "segment": "evidence/ledger/00000001.ndjson",
        "line": 3,
        "reason": {
            "code": "evidence.line-was-changed",
            "values": {},
            "text": "行の内容が要約値と一致しません",
        },
    }


def test_a_missing_segment_is_named(outside: Path) -> None:
    segment(outside, 1).unlink()

    found = evidence("verify", "--from", str(outside))

    assert found.exit_code == 1
    assert "1 番までの区間がありません" in found.output


def test_a_truncated_copy_is_detected_by_tobans_record_and_by_a_head_printed_earlier(outside: Path) -> None:
    head = evidence("verify", "--from", "監査").output.splitlines()[1].split()[1]
    segment(outside, 2).unlink()

    assert "末尾が失われています" in evidence("verify", "--from", "監査").output
    assert evidence("verify", "--from", str(outside)).exit_code in (0, 1)
    noted = evidence("verify", "--from", str(outside), "--known", head)
    assert (noted.exit_code, "控えでは 2 番までありました" in noted.output) == (1, True)


def test_a_truncated_ledger_is_detected_by_the_shipped_segments(outside: Path) -> None:
    assert outside.exists()
    LedgerEntry.objects.filter(sequence=6).delete()

    found = evidence("verify")

    assert found.exit_code == 1
    assert "控えでは 6 番までありました" in found.output


def test_nothing_is_shipped_when_nothing_is_new(outside: Path) -> None:
    assert outside.exists()

    assert "送るものはありません" in evidence("export").output


@pytest.mark.parametrize("place", ["どこか", "https://audit.example.com/"])
def test_an_unknown_location_is_refused(outside: Path, place: str) -> None:
    assert outside.exists()

    found = evidence("verify", "--from", place)

    assert found.exit_code == 2
    assert "ファイルでもフォルダーでも保存先でもありません" in found.output


def test_an_empty_folder_has_no_chain(tmp_path: Path, outside: Path) -> None:
    assert outside.exists()
    (tmp_path / "empty").mkdir()

    found = evidence("verify", "--from", str(tmp_path / "empty"))

    assert found.exit_code == 2
    assert "証跡の区間がありません" in found.output


def test_shipping_without_a_store_is_refused(outside: Path) -> None:
    (outside.parent / "toban.toml").write_text("", encoding="utf-8")

    found = evidence("export")

    assert found.exit_code == 2
    assert "証跡の送り先がありません" in found.output


@pytest.mark.parametrize(
    "order",
    [
        ("export",),
        pytest.param(("verify",), marks=pytest.mark.slow),
        pytest.param(("verify", "--from", "nowhere"), marks=pytest.mark.slow),
    ],
)
def test_every_command_says_so_when_there_is_no_toban(tmp_path: Path, order: tuple[str, ...]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOBAN_")}

    done = run(
        ["-m", "toban", "evidence", *order], env={**environment, "TOBAN_HOME": str(tmp_path / "nothing")}
    )

    assert (done.returncode, "HINT: " in done.stderr) == (2, True), done.stderr
