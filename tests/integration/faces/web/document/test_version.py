"""New versions of the document on the pages: what has changed, what waits, and the confirmation."""

from collections.abc import Mapping
from pathlib import Path

from django.test import Client
from tests.integration.faces.web.conftest import CPU, DOCUMENT, Fixed, SignIn
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions import records
from toban.engine.editions.edition import Edition, EditionRefusal
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.models import OperatorRole
from toban.message import NOTHING, Message, plain


def edition(text: str = DOCUMENT) -> Edition:
    return Edition(read_design(text, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema()))


def all_run(of: Edition) -> Mapping[str, Message]:
    return {row.id: NOTHING for row in of.design.clauses}


def wait(in_force: Fixed) -> EditionRefusal:
    """Let a version wait that has no row for the CPU."""
    new = edition(DOCUMENT.replace("| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |\n", ""))
    in_force.refusal = EditionRefusal("運用設計書.md", "contents", plain("CPU使用率: 行がありません"), new)
    records.record_refusal(in_force.edition, in_force.refusal, all_run, system_clock())
    return in_force.refusal


def test_what_changed_is_shown_as_old_and_new(viewer: Client, in_force: Fixed) -> None:
    new = edition(DOCUMENT.replace("85%", "90%"))
    records.record_in_force(in_force.edition, new, lambda _of: {}, system_clock())

    page, figures = viewer.get("/").content.decode(), viewer.get("/figures").content.decode()

    line = "~ 監視項目「Web CPU使用率」  異常: 85% → 90%"
    assert line in page
    assert line in figures
    assert "1 件の変更" in page


def test_a_waiting_version_is_on_every_page_with_its_reason(viewer: Client, in_force: Fixed) -> None:
    wait(in_force)

    for address in ("/", "/calendar/", "/figures"):
        page = viewer.get(address).content.decode()
        assert "新しい版は確認を待っています。前の版で動いています。" in page
        assert "CPU使用率: 行がありません" in page
        assert 'href="/version"' in page


def test_the_page_of_the_waiting_version_shows_the_plan_and_no_button_to_a_viewer(
    viewer: Client, in_force: Fixed
) -> None:
    waits = wait(in_force)

    page = viewer.get("/version").content.decode()
    refused = viewer.post("/version", {"version": waits.digest})

    assert "- 監視項目「Web CPU使用率」" in page
    assert "この版に切り替える" not in page
    assert refused.status_code == 403
    assert records.waiting() is not None


def test_a_developer_confirms_the_version_that_was_shown(sign_in: SignIn, in_force: Fixed) -> None:
    waits = wait(in_force)
    developer = sign_in(OperatorRole.DEVELOPER)
    assert "この版に切り替える" in developer.get("/version").content.decode()

    page = developer.post("/version", {"version": waits.digest}, follow=True).content.decode()

    assert "新しい版を確認しました" in page
    entry = LedgerEntry.objects.get(content__has_key="confirmed")
    assert entry.actor == "developer"
    assert LedgerEntry.objects.get(pk=entry.content["entry"]).content["stopped"] == [CPU]


def test_another_version_than_the_one_shown_is_not_confirmed(sign_in: SignIn, in_force: Fixed) -> None:
    wait(in_force)
    developer = sign_in(OperatorRole.DEVELOPER)

    page = developer.post("/version", {"version": "older"}, follow=True).content.decode()

    assert "確認を待っている版はありません" in page
    assert records.waiting() is not None


def test_there_is_no_page_when_nothing_waits(viewer: Client) -> None:
    assert viewer.get("/version").status_code == 404
