"""Backups, the catalogue and restore drills as pages."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.drawn import drawing
from tests.integration.faces.web.ledger import made as run_made
from tests.integration.faces.web.ledger import put_in_force

from toban.chapters.backup.models import Backup, Drill, LogStretch
from toban.engine.clock import system_clock

FULL = "backup/backup-policy/PostgreSQL/フルバックアップ"


@pytest.fixture(autouse=True)
def in_force_with_policy(in_force: Fixed) -> None:
    put_in_force(in_force)


def made(label: str = "20261125-full", *, ago: timedelta = timedelta(minutes=30), **more: Any) -> Backup:
    """Record a complete and verified full backup in the catalogue."""
    at = system_clock() - ago
    fields = {
        "method": "full", "engine": "native", "engine_version": "1", "server_version": "18.6",
        "system_id": "7429", "store": "S3", "started_at": at - timedelta(minutes=9), "ended_at": at,
        "restorable_to": at, "start_timeline": 1, "start_lsn": "0/1000", "end_timeline": 1,
        "end_lsn": "0/2000", "stored_bytes": 562_000_000, "source_bytes": 2_248_000_000, "verified_at": at,
        "objects_stored": [{"key": "PostgreSQL/<b>.tar", "size": 12, "sha256": "ab" * 32, "sealed": ""}],
        **more,
    }  # fmt: skip
    return Backup.objects.create(subject="PostgreSQL", label=label, clause_id=FULL, **fields)


def listed(client: Client, **query: str) -> int:
    page = client.get("/backups/", query).content.decode()
    return len(re.findall(r'<tr class="row"><td><a class="opens" href="/backups/\d+">', page))


def test_the_page_compares_the_age_of_the_newest_moment_with_the_rpo(viewer: Client) -> None:
    made(ago=timedelta(minutes=30))

    page = viewer.get("/backups/").content.decode()

    assert '<span class="conforming">●</span> 1時間 <small>いま 30分' in page
    assert "562 MB" in page


def test_a_moment_older_than_the_rpo_deviates_although_no_run_failed(viewer: Client) -> None:
    made(ago=timedelta(hours=3))

    assert '<span class="deviating">■</span> 1時間' in viewer.get("/backups/").content.decode()


def test_without_a_backup_the_page_says_how_to_make_one(viewer: Client) -> None:
    page = viewer.get("/backups/").content.decode()

    assert "toban.toml の [backups.対象]" in page
    assert "toban drill restore" in page


def test_chains_log_and_sizes_are_shown_for_a_subject(viewer: Client) -> None:
    full = made("a", ago=timedelta(hours=20))
    made("b", ago=timedelta(days=2))
    increment = made("c", ago=timedelta(hours=1), method="incremental", parent="a", verified_at=None)
    LogStretch.objects.create(
        subject="PostgreSQL", system_id="7429", timeline=1, first_lsn="0/1", last_lsn="0/2",
        durable_to=system_clock(), broken_why="スロットが失われました",
    )  # fmt: skip

    page = viewer.get("/backups/").content.decode()

    chain = page[page.index(f'class="link full is-whole" href="/backups/{full.pk}"') :].split("</ol>")[0]
    assert f'class="link is-unread" href="/backups/{increment.pk}"' in chain
    assert "途切れ" in page
    assert "スロットが失われました" in page
    assert "大きさの推移" in page
    assert 'aria-label="フル、古い順。下の表に同じ数字があります"' in page
    (bars,) = drawing(page)["bars"]
    assert len(bars["values"]) == 2


def test_the_catalogue_is_filtered_by_the_url(viewer: Client) -> None:
    made("a")
    made("b", verified_at=None, ago=timedelta(minutes=40))
    made("c", trouble="base.tar: 違う", ago=timedelta(days=3))
    made("d", pruned_at=system_clock(), pruned_why="30世代を過ぎた", ago=timedelta(days=40))
    made("e", method="incremental", parent="a")
    day = f"{system_clock() - timedelta(days=10):%Y-%m-%d}"

    assert listed(viewer) == 5
    assert listed(viewer, state="whole") == 2
    assert listed(viewer, state="unread") == 1
    assert listed(viewer, state="troubled") == 1
    assert listed(viewer, state="pruned") == 1
    assert listed(viewer, state="nonsense") == 0
    assert listed(viewer, method="incremental") == 1
    assert listed(viewer, subject="PostgreSQL", to=day) == 1
    assert listed(viewer, **{"from": day}) == 4
    assert (
        "この条件に当てはまるバックアップはありません"
        in viewer.get("/backups/", {"subject": "会員DB"}).content.decode()
    )


def test_an_increment_whose_full_is_broken_or_gone_is_not_shown_as_verified(viewer: Client) -> None:
    made("a", trouble="base.tar: 違う")
    broken = made("b", method="incremental", parent="a")
    orphan = made("c", method="incremental", parent="gone")
    made("d")
    made("e", method="incremental", parent="d")

    assert listed(viewer, state="troubled") == 3
    assert listed(viewer, state="whole") == 2
    for each, full in ((broken, "a"), (orphan, "gone")):
        page = viewer.get(f"/backups/{each.pk}").content.decode()
        assert re.search(rf"使用不可.*もとになるフル {full} がないか、壊れています", page)


def test_the_page_of_a_backup_shows_every_fact(viewer: Client) -> None:
    full = made("a", facts={"compression": "zstd"}, manifest_sha256="cd" * 32)
    increment = made("b", method="incremental", parent="a", trouble="鍵が違います")
    drill = Drill.objects.create(subject="PostgreSQL", label="a", started_at=system_clock(), is_passed=True)

    page = viewer.get(f"/backups/{full.pk}").content.decode()
    other = viewer.get(f"/backups/{increment.pk}").content.decode()

    for fact in ("native 1", "18.6", "7429", "1: 0/1000 – 1: 0/2000", "cd" * 32, "25%", "zstd", "ab" * 32):
        assert fact in page
    assert "PostgreSQL/&lt;b&gt;.tar" in page
    assert f'href="/backups/{increment.pk}"' in page
    assert f'href="/backups/drills/{drill.pk}"' in page
    assert f'href="/backups/{full.pk}">a</a>' in other
    assert "鍵が違います" in other


def test_the_page_of_a_drill_is_a_certificate(viewer: Client) -> None:
    backup, run = made("a"), run_made()
    drill = Drill.objects.create(
        subject="PostgreSQL", label="a", started_at=system_clock(), is_passed=True, rpo_seconds=14.2,
        rto_seconds=5 * 3600, phases={"fetch": 212.4, "recover": 98.2}, run=run.pk, evidence_sequence=1204,
        checks=[{"name": "行数 orders", "passed": False, "found": "34,099", "wanted": "34,100"}],
    )  # fmt: skip

    page = viewer.get(f"/backups/drills/{drill.pk}").content.decode()

    assert "復旧訓練の証明書" in page
    assert re.search(r"RPO.*?14秒.*?1時間.*?conforming", page)
    assert "#1204" in page
    assert "3分32秒" in page
    assert re.search(r"行数 orders.*?不合格.*?34,099.*?34,100", page, re.DOTALL)
    assert f'href="/runs/{run.pk}"' in page
    assert f'href="/backups/{backup.pk}"' in page
    assert f'href="/backups/drills/{drill.pk}"' in viewer.get(f"/runs/{run.pk}").content.decode()


def test_the_certificate_can_also_be_printed(viewer: Client) -> None:
    now = system_clock()
    drill = Drill.objects.create(subject="PostgreSQL", started_at=now, ended_at=now, is_passed=True)

    answer = viewer.get(f"/backups/drills/{drill.pk}.pdf")

    if answer.status_code == 503:
        pytest.skip(answer.content.decode())
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "復旧訓練の証明書" in PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    english = viewer.get(f"/backups/drills/{drill.pk}.pdf", headers={"accept-language": "en"})
    assert "Restore drill certificate" in PdfReader(BytesIO(english.content)).pages[0].extract_text()
    assert (
        f'href="/backups/drills/{drill.pk}.pdf"' in viewer.get(f"/backups/drills/{drill.pk}").content.decode()
    )
    assert viewer.get("/backups/drills/999.pdf").status_code == 404


@pytest.mark.parametrize(
    ("ended", "is_passed", "word"),
    [(False, None, "途中"), (True, None, "判定不能"), (True, False, "不合格"), (True, True, "合格")],
)
def test_an_inconclusive_drill_is_neither_passed_nor_running(
    viewer: Client, ended: bool, is_passed: bool | None, word: str
) -> None:
    now = system_clock()
    drill = Drill.objects.create(
        subject="PostgreSQL", started_at=now, ended_at=now if ended else None, is_passed=is_passed
    )

    page = viewer.get(f"/backups/drills/{drill.pk}").content.decode()

    assert f"</span> {word}</span>" in page


@pytest.mark.parametrize("address", ["/backups/1", "/backups/drills/1", f"/backups/{2**70}", "/backups/x"])
def test_an_unknown_page_is_not_found(viewer: Client, address: str) -> None:
    assert viewer.get(address).status_code == 404


def test_a_thousand_backups_need_no_more_queries_than_one(viewer: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert viewer.get("/backups/").status_code == 200
        return len(caught)

    made("first")
    few = queries()
    template = made("second")
    Backup.objects.bulk_create(
        Backup(**{**_fields(template), "label": f"x{number}"}) for number in range(1000)
    )

    assert queries() == few <= 15


def _fields(backup: Backup) -> dict[str, Any]:
    return {
        field.attname: getattr(backup, field.attname)
        for field in Backup._meta.fields
        if field.attname != "id"
    }


def test_a_full_in_place_of_an_increment_is_told_apart_from_the_full_of_the_same_time(viewer: Client) -> None:
    made("20261125T170000Z-full", ago=timedelta(minutes=30))
    instead = made("20261125T170000Z-full-for-incr", ago=timedelta(minutes=20))

    page = viewer.get("/backups/").content.decode()
    own = viewer.get(f"/backups/{instead.pk}").content.decode()

    assert page.count("<td>フル</td>") == 1
    assert page.count("<td>フル (増分の代わり)</td>") == 1
    assert "PostgreSQL フル (増分の代わり)" in own
    assert "20261125T170000Z-full-for-incr" in own


def test_the_evidence_of_a_row_shows_the_backups_it_ordered(viewer: Client) -> None:
    backup = made()

    page = viewer.get(f"/clauses/{FULL}").content.decode()

    assert f'<td><a href="/backups/{backup.pk}"><time datetime="{backup.ended_at.isoformat()}">' in page
    assert "562 MB" in page
