"""The parts about security, documents and changes, made of real records."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.engine.reports.conftest import DAY, END, HOUR, LATER, START, TOKYO, judged, number
from tests.registered import PARTS

from toban.chapters.accounts.models import AccessDecision, AccessRemoval, CollectedAccount, Leaver
from toban.chapters.documents.models import DocumentReading
from toban.chapters.patching.models import PatchedHost
from toban.chapters.vulnerabilities.models import Vulnerability, VulnerabilityScan
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.changes.models import Change
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.reports.month import month_named
from toban.engine.reports.monthly import MonthlyReport, make
from toban.engine.reports.section import ReportPart

pytestmark = pytest.mark.django_db

DOCUMENT = """# 運用設計書
## 8. セキュリティ運用
### 脆弱性管理
| 項目 | 頻度 | 内容 |
|---|---|---|
| 脆弱性スキャン | 週次 | OS とライブラリ |
| セキュリティパッチ適用 | 毎月第2火曜 2:00 | 本番 |
### アクセス管理
- 退職者アカウント: 即日削除
- MFA: 本番環境必須
## 12. ドキュメント
### 管理対象
| ドキュメント | 更新タイミング | 保管場所 |
|---|---|---|
| 運用手順書 | 変更時 | Git |
| FAQ | 随時 | Wiki |
"""
BINDINGS = """
[vulnerabilities]
critical = "7日"
[patching.web]
kind = "apt"
hosts = ["web-1"]
stage = "production"
user = "toban"
key = "file:/nowhere"
known_hosts = "known_hosts"
"""


def report_on(now: datetime = LATER) -> MonthlyReport:
    edition = Edition(
        read_design(DOCUMENT, "運用設計書.md"),
        read_bindings(BINDINGS, Path("toban.toml"), PARTS.schema),
        PARTS.kinds,
    )
    return make(edition, PARTS, month_named("2026-10", TOKYO, now))


@pytest.fixture(autouse=True)
def watched() -> None:
    judged("x", Verdict.CONFORMING, START + HOUR)


def vulnerability(name: str, seen: datetime, ended: datetime | None, rating: str = "critical") -> None:
    Vulnerability.objects.create(
        inventory="web", ecosystem="Debian", package="curl", version="1", name=name, rating=rating, rank=0,
        first_seen=seen, last_seen=ended or seen, ended_at=ended,
    )  # fmt: skip


def scan(run: int, at: datetime, **more: Any) -> None:
    VulnerabilityScan.objects.create(
        run=run, at=at, inventories=1, packages=9, compared=9, found=0, ended=0, **more
    )


def test_vulnerabilities_count_as_they_were_at_the_end_of_the_month() -> None:
    scan(1, START - DAY)
    scan(2, START + DAY)
    scan(3, START + 8 * DAY, gaps=[{"code": "x", "values": {}}])
    vulnerability("gone-before", START - 9 * DAY, START - DAY)
    vulnerability("late", START - 3 * DAY, START + 8 * DAY)
    vulnerability("in-time", START + DAY, START + 3 * DAY)
    vulnerability("mended-later", START + 30 * DAY, END + DAY)
    vulnerability("high", START + 2 * DAY, None, "high")
    vulnerability("to-come", END, None)

    report = report_on()

    assert number(report, "vulnerabilities-scans") == 2
    assert number(report, "vulnerabilities-scans-with-gaps") == 1
    assert number(report, "vulnerabilities-new") == 3
    assert number(report, "vulnerabilities-mended") == 2
    assert number(report, "vulnerabilities-late") == 1
    assert number(report, "vulnerabilities-open-critical") == 1
    assert number(report, "vulnerabilities-open-high") == 1
    assert number(report, "vulnerabilities-fixed-critical") == (11 + 2) / 2 * 86_400
    assert number(report, "vulnerabilities-fixed-high") is None


def test_what_a_statement_closes_is_neither_open_nor_late_from_then_on() -> None:
    scan(1, START + DAY)
    for name, closed in (("before", START - DAY), ("within", START + DAY), ("after", END + DAY)):
        vulnerability(name, START - 30 * DAY, None)
        Vulnerability.objects.filter(name=name).update(closed_at=closed)

    report = report_on()

    assert number(report, "vulnerabilities-closed") == 2
    assert number(report, "vulnerabilities-open-critical") == 1
    assert number(report, "vulnerabilities-late") == 2


def test_where_nothing_was_ever_scanned_no_number_of_vulnerabilities_is_told() -> None:
    report = report_on()

    (security,) = (each for each in report.sections if each.part is ReportPart.SECURITY)
    assert not any(key.startswith("vulnerabilities") for key in report.figures)
    assert any("一度も行われていません" in str(note) for note in security.notes)


def test_hosts_are_patched_once_they_are_well_again() -> None:
    for host, began, healthy in (
        ("web-1", START + DAY, START + DAY + HOUR),
        ("web-2", START + DAY, None),
        ("web-3", END, END + HOUR),
    ):
        PatchedHost.objects.create(
            run=1, host=host, group="web", stage="production", plan={"upgrades": [{}, {}]}, began_at=began,
            healthy_at=healthy,
        )  # fmt: skip

    report = report_on()

    assert number(report, "patches-hosts-well") == 1
    assert number(report, "patches-hosts-open") == 1
    assert number(report, "patches-packages") == 4


def removal(name: str, until: datetime, **more: Any) -> None:
    leaver = Leaver.objects.create(
        name=name, leaves_at=until, until=until, told_at=until, told_by="nami", via="page"
    )
    AccessRemoval.objects.create(
        system="github", account=name, ground="leaver", leaver=leaver, basis="declared", ordered_by="nami",
        found_at=until, begins_at=until, until=until, **more,
    )  # fmt: skip


def test_accounts_that_had_to_go_are_in_time_late_or_open() -> None:
    account = {"system": "github", "is_privileged": False, "is_locked": False, "changed_at": START}
    CollectedAccount.objects.create(name="old", first_seen=START - DAY, **account)
    CollectedAccount.objects.create(name="new", first_seen=START + DAY, ended_at=END + DAY, **account)
    CollectedAccount.objects.create(name="gone", first_seen=START - DAY, ended_at=START + DAY, **account)
    CollectedAccount.objects.create(name="to-come", first_seen=END, **account)
    until = START + 5 * DAY
    removal("in-time", until, gone_at=until - HOUR, ended_at=until - HOUR)
    removal("late", until, shown_at=until + HOUR, gone_at=until + DAY, ended_at=until + DAY)
    removal("between", until, shown_at=until - HOUR, gone_at=until + HOUR, ended_at=until + HOUR)
    removal("open", until)
    removal("later", END)
    AccessDecision.objects.create(system="github", account="old", is_kept=True, by="nami", at=START + DAY)
    AccessDecision.objects.create(system="github", account="old", is_kept=False, by="nami", at=END)

    report = report_on()

    names = ("", "-in-time", "-late", "-between", "-open")
    assert [number(report, f"access-removals{each}") for each in names] == [4, 1, 1, 1, 1]
    assert [number(report, f"access-decisions-{each}") for each in ("kept", "revoked")] == [1, 0]
    assert [number(report, f"access-{each}") for each in ("there", "new", "gone")] == [2, 1, 1]


def test_the_rules_about_access_stand_with_their_last_verdicts() -> None:
    clause = next(each for each in read_design(DOCUMENT, "運用設計書.md").clauses if each.kind == "mfa-rule")
    judged(clause.id, Verdict.DEVIATING, START + DAY, next_due=END + 30 * DAY)

    report = report_on()

    assert number(report, "access-rows-deviating") == 1
    assert number(report, "access-rows-not-measurable") == 1
    assert "access-there" not in report.figures


def test_a_document_counts_as_read_by_the_last_reading_of_the_month() -> None:
    for at in (START - DAY, START + DAY, START + 2 * DAY, END):
        DocumentReading.objects.create(
            username="nami",
            document="運用手順書",
            digest="d",
            opened_at=at,
            seen_at=at,
            seconds=40,
            read_at=at,
        )

    report = report_on()

    assert number(report, "documents-documents") == 1
    assert number(report, "documents-unread") == 1
    assert ("運用手順書", START + 2 * DAY) in [
        (row[0], row[3]) for row in report.tables["documents-read"].rows
    ]


def change(kind: str, at: datetime) -> None:
    record = ledger.Record(LedgerEntry.Kind.AUDIT, {"order": "nobody-reads-this"}, actor="nami")
    (entry,) = ledger.append(record, now=at)
    Change.objects.update_or_create(entry=entry, defaults={"at": at, "kind": kind, "actor": "nami"})


def test_changes_count_by_kind_and_those_of_accounts_stay_with_managers() -> None:
    change("settings", START - timedelta(seconds=1))
    change("settings", START + DAY)
    change("rollback", START + 2 * DAY)
    change("account", START + 3 * DAY)
    change("settings", END)

    report = report_on()

    assert number(report, "changes") == 2
    assert number(report, "changes-settings") == 1
    assert number(report, "changes-rollback") == 1
    assert "changes-account" not in report.figures
