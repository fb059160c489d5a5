"""The public page: off unless enabled, and without anything that was not chosen."""

import html
import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from tests.integration.faces.web.conftest import Fixed
from tests.registered import PARTS, schema

from toban.chapters.objectives.bindings import STATUS as BOUND
from toban.chapters.objectives.models import LevelDay, ServiceSpell
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.notify import orders
from toban.engine.notify.alerts import report
from toban.engine.notify.signal import Condition, Signal
from toban.faces.cli.document.status import command
from toban.message import plain

DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 緊急連絡先 | 山田 | 24時間365日 |
### サービス提供時間
- **メンテナンス**: 毎日 2:00-4:00 (計画メンテナンス)
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| core-db-7 | CPU使用率 | 0-60% | 70% | 85% | 1分 |
"""
STATUS = """
[status]
title = "南風商店の稼働状況"
note = "<b>年末も営業</b>"
serve = true
[[status.services]]
name = "決済"
target = "core-db-7"
"""
SECRETS = (
    "core-db-7", "山田", "nami", "ディスク交換", "10.0.0.7", "運用設計書", "toban.toml", "CPU", "緊急連絡先",
)  # fmt: skip


def put(in_force: Fixed, bindings: str) -> None:
    in_force.edition = Edition(
        read_design(DOCUMENT, "運用設計書.md"), read_bindings(bindings, Path("toban.toml"), schema())
    )


@pytest.fixture(autouse=True)
def fresh(in_force: Fixed, request: pytest.FixtureRequest) -> None:
    """Put the page in force with a document that no other test has cached."""
    put(in_force, f"# {request.node.name}\n{STATUS}")


@pytest.fixture
def trouble(db: None) -> None:
    """A service that is down, with details around it that must not be published."""
    now = system_clock()
    ServiceSpell.objects.create(service="決済", state="down", began_at=now - timedelta(hours=1), seen_at=now)
    LevelDay.objects.create(
        objective="status/決済", day=now.date(), covered=86_400, amount=80_000, planned_covered=0,
        planned_amount=0, measured_by="up core-db-7",
    )  # fmt: skip
    orders.announce_maintenance(
        ["core-db-7"], "ディスク交換", starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=1, hours=1), by="nami", now=now,
    )  # fmt: skip
    signal = Signal(
        key="x", clause_id="x", citation="運用設計書.md:13", clause_text="x", condition=Condition.CRITICAL,
        subject=plain("core-db-7 CPU使用率"), value=plain("10.0.0.7 が 92%"), limit=plain("異常 85%以上"),
        began_at=now, detected_at=now, labels={"target": "core-db-7", "item": "cpu", "instance": "10.0.0.7"},
    )  # fmt: skip
    report([signal], now)


def test_the_status_page_does_not_exist_unless_enabled(in_force: Fixed, viewer: Client) -> None:
    for bindings in ("", STATUS.replace("serve = true", "")):
        put(in_force, bindings)
        for address in ("/status/", "/status/en/", "/status/status.json"):
            assert Client().get(address).status_code == 404
            assert viewer.get(address).status_code == 404


def test_a_closed_status_page_says_how_it_is_opened(in_force: Fixed) -> None:
    put(in_force, "")

    page = Client().get("/status/").content.decode()

    assert "まだ開いていません。" in page
    written = html.unescape(page[page.index("<code>") + len("<code>") : page.index("</code>")])
    bound = BOUND.of(read_bindings(written, Path("toban.toml"), schema()))
    assert bound is not None
    assert bound.serve


def test_the_status_page_shows_state_days_incidents_and_maintenance_to_everyone(trouble: None) -> None:
    answer = Client().get("/status/")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "南風商店の稼働状況" in page
    assert "■</span> 停止しています" in page
    assert page.count('class="day ') == 90
    # The document's nightly window, and the announced maintenance.
    assert page[page.index('id="planned"') :].count("<li>") >= 30


@pytest.mark.parametrize("address", ["/status/", "/status/en/", "/status/status.json"])
def test_only_the_chosen_services_are_published(trouble: None, address: str) -> None:
    page = Client().get(address).content.decode()

    assert "決済" in page
    assert [word for word in SECRETS if word in page] == []


def test_the_operators_note_is_shown_as_text_and_not_as_markup(trouble: None) -> None:
    page = Client().get("/status/").content.decode()

    assert "&lt;b&gt;年末も営業&lt;/b&gt;" in page


def test_both_languages_say_the_same(trouble: None) -> None:
    assert "Down" in Client().get("/status/en/").content.decode()
    assert 'lang="en"' in Client().get("/status/en/").content.decode()


def test_the_status_is_available_as_json(trouble: None) -> None:
    told = json.loads(Client().get("/status/status.json").content)

    (service,) = told["services"]
    assert (told["state"], service["name"], service["state"]) == ("down", "決済", "down")
    assert len(service["days"]) == 90
    assert told["incidents"][0]["until"] is None


def test_no_cookie_is_set_and_no_session_is_read(trouble: None) -> None:
    answer = Client().get("/status/")

    assert not answer.cookies
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert answer.headers["Cache-Control"] == "public, max-age=30"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_many_visitors_cause_one_read_and_no_query_string_bypasses_the_cache(trouble: None) -> None:
    first = Client().get("/status/")

    with CaptureQueriesContext(connection) as caught:
        answers = [Client().get("/status/", {"x": str(number)}) for number in range(20)]

    assert len(caught) == 0
    assert {answer.content for answer in answers} == {first.content}
    known = Client().get("/status/", headers={"If-None-Match": first.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_status_page_is_read_only(method: str) -> None:
    assert getattr(Client(), method)("/status/").status_code == 405


def test_nothing_else_below_the_status_url_is_public() -> None:
    assert Client().get("/status/anything").status_code == 302
    assert Client().get("/status/../levels/").status_code == 302


# — the export —


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a Toban that does not run, with the document and the bindings."""
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text(STATUS.replace("serve = true", ""), encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.delenv("TOBAN_BINDINGS", raising=False)
    settings.HOME = tmp_path / "home"
    return tmp_path


def export(where: Path, home: Path) -> tuple[int, str]:
    parts = PARTS
    done = CliRunner().invoke(command, ["--home", str(home), "export", str(where)], obj=parts)
    return done.exit_code, done.output


def test_the_export_is_self_contained_and_reveals_no_more(trouble: None, folder: Path) -> None:
    where = folder / "www" / "status"

    status, output = export(where, folder / "home")

    assert (status, output) == (0, f"{where}: index.html、en.html、status.json、status.css\n")
    assert sorted(path.name for path in where.iterdir()) == [
        "en.html", "index.html", "status.css", "status.json",
    ]  # fmt: skip
    whole = "".join(path.read_text(encoding="utf-8") for path in where.iterdir())
    assert [word for word in SECRETS if word in whole] == []
    page = (where / "index.html").read_text(encoding="utf-8")
    assert 'href="status.css"' in page
    assert 'href="en.html"' in page
    assert "<script" not in page
    assert "http://" not in whole.replace("http://www.w3.org", "")
    assert "https://" not in whole
    assert "url(" not in whole


def test_the_export_overwrites_an_earlier_one(trouble: None, folder: Path) -> None:
    where = folder / "status"
    export(where, folder / "home")
    ServiceSpell.objects.update(state="operational")

    status, _ = export(where, folder / "home")

    assert status == 0
    assert json.loads((where / "status.json").read_text(encoding="utf-8"))["state"] == "operational"


def test_without_services_chosen_nothing_is_exported(folder: Path, db: None) -> None:
    (folder / "toban.toml").write_text("", encoding="utf-8")

    status, output = export(folder / "status", folder / "home")

    assert status == 1
    assert "[[status.services]] を書いてください" in output
    assert not (folder / "status").exists()


def test_an_unwritable_folder_is_reported(trouble: None, folder: Path) -> None:
    (folder / "file").write_text("", encoding="utf-8")

    status, output = export(folder / "file" / "status", folder / "home")

    assert status == 1
    assert "書ける場所" in output
