"""The rows of chapter 12, as they should be and as they should not, with real git and a wiki over HTTP."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.integration.chapters.documents.place import (
    BINDINGS,
    DAY,
    DOCUMENT,
    FAQ,
    HOUR,
    RULE,
    RUNBOOK,
    Page,
    Place,
)

from toban.chapters.documents.models import DocumentCopy
from toban.chapters.documents.states import states
from toban.engine.changes.act import ChangeKind
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible
from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason
from toban.message import from_json

IN_THE_WIKI = """
[documents."障害対応手順書 (Wiki)"]
kind = "page"
document = "障害対応手順書"
url = "{wiki}/runbook"
bearer_token = "env:WIKI_TOKEN"
"""


def test_documents_in_their_places_conform(place: Place) -> None:
    place.pass_()

    assert (place.verdict(), place.verdict(FAQ)) == (Verdict.CONFORMING, Verdict.CONFORMING)
    assert place.verdict(RULE) is Verdict.NOT_DUE
    assert "最後に更新したのは Nami" in place.said()
    copy = DocumentCopy.objects.get(place="FAQ")
    assert copy.text == "FAQ\n\nよくある質問"
    assert copy.changed_at == place.wiki.pages["/faq"].at


def test_a_change_that_touches_a_document_opens_a_task_that_its_update_ends(place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(HOUR)

    (task,) = place.tasks()
    assert task.name == "障害対応手順書"
    # Five business days, by the hours of the manager: Monday's change is due on the Monday that follows.
    assert task.run.due_until == (place.now + 7 * DAY).replace(hour=18, minute=0)
    assert place.verdict() is Verdict.CONFORMING
    assert "未反映の変更が1件" in place.said()

    place.write_now("# 障害対応\n\n新しい版ではこうする。\n")
    place.pass_()

    assert place.tasks() == []
    run = Run.objects.get()
    assert (run.state, run.reason) == (Run.State.DONE, RunReason.SUCCEEDED)
    assert "Nami" in str(run.note)
    assert place.verdict(RULE) is Verdict.CONFORMING
    entry = LedgerEntry.objects.get(content__event="document-updated")
    assert entry.content["document"] == "障害対応手順書"


def test_a_change_that_no_update_follows_in_time_is_not_performed(place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(8 * DAY)

    assert (place.verdict(), place.verdict(RULE)) == (Verdict.NOT_PERFORMED, Verdict.NOT_PERFORMED)
    assert "shop 1.1.0" in place.said()
    assert place.verdict(FAQ) is Verdict.CONFORMING
    assert Alert.objects.filter(resolved_at=None, clause_id=RUNBOOK).exists()


def test_no_change_needed_wants_a_reason_and_settles_what_was_shown(place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(HOUR)

    with pytest.raises(NotPossible):
        place.sign("")
    place.sign("画面の文言だけの変更")
    place.pass_(8 * DAY)

    assert place.verdict() is Verdict.CONFORMING
    assert place.tasks() == []

    place.change(text="shop 1.2.0")
    place.pass_(HOUR)

    (task,) = place.tasks()
    assert [str(fact.value) for fact in task.facts if fact.is_exception] == ["shop 1.2.0"]


def test_who_says_that_it_is_not_updated_does_not_make_it_current(place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(HOUR)

    place.sign("手が回らない", is_performed=False)
    place.pass_(8 * DAY)

    assert place.verdict() is Verdict.NOT_PERFORMED
    assert place.tasks() == []


@pytest.mark.parametrize(
    ("kind", "about", "is_touched"),
    [
        (ChangeKind.RELEASE, (), True),
        (ChangeKind.PATCH, ("web-1",), True),
        (ChangeKind.PATCH, ("WEB-1",), True),
        (ChangeKind.PATCH, ("db-1",), False),
        (ChangeKind.SCALING, (), False),
    ],
)
def test_only_what_it_is_about_touches_a_document(
    place: Place, kind: ChangeKind, about: tuple[str, ...], is_touched: bool
) -> None:
    place.pass_()
    place.change(kind, *about)
    place.pass_(HOUR)

    assert bool(place.tasks()) is is_touched


def test_what_changed_before_the_first_look_is_not_asked_for(place: Place) -> None:
    place.change()
    place.pass_()

    assert place.tasks() == []


def test_spaces_are_no_update(place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(HOUR)

    place.write_now("# 障害対応\n\n\nWebサーバーを再起動する。  \n")
    place.pass_()

    assert len(place.tasks()) == 1


def test_what_was_written_before_a_change_does_not_follow_it(place: Place) -> None:
    place.pass_()
    place.now += HOUR / 2
    place.write_now("# 障害対応\n\n変更の前に書いた。\n")
    place.now += HOUR / 4
    place.change()
    place.pass_(HOUR)

    assert len(place.tasks()) == 1


def test_a_document_that_is_at_no_place_deviates(place: Place) -> None:
    place.wiki.pages["/faq"].status = 404
    place.repository.git("rm", "--quiet", "docs/runbook.md")
    place.write("other", "docs/other.md")
    place.pass_()

    assert (place.verdict(), place.verdict(FAQ)) == (Verdict.DEVIATING, Verdict.DEVIATING)
    assert "docs/runbook.md がありません" in place.said()
    assert "ステータス 404" in place.said(FAQ)


def test_a_place_that_cannot_be_read_is_not_measurable(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIKI_TOKEN", "another")
    place.pass_()

    assert place.verdict(FAQ) is Verdict.NOT_MEASURABLE
    assert "ステータス 401" in place.said(FAQ)
    assert "another" not in place.said(FAQ)


@pytest.mark.parametrize(
    "page",
    [
        "<html><head><title>x</title></head><body><div id=app></div><script>show()</script></body></html>",
        "<h1>Wiki</h1><p>ログインしてください</p><form><input name=a><input name=b type=password></form>",
        "<form><INPUT TYPE='Password'></form>Sign in",
    ],
)
def test_a_page_without_words_or_that_asks_for_a_password_is_no_document(place: Place, page: str) -> None:
    place.wiki.pages["/faq"].body = page
    place.pass_()

    assert place.verdict(FAQ) is Verdict.NOT_MEASURABLE
    assert DocumentCopy.objects.get(place="FAQ").digest == ""


def test_an_empty_file_is_no_document(place: Place) -> None:
    place.write(" \n")
    place.pass_()

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "docs/runbook.md" not in place.said()
    assert "読める文字がありません" in place.said()


def test_a_place_that_nobody_looks_at_any_more_is_not_measurable(place: Place) -> None:
    place.pass_()
    place.now += 4 * HOUR
    place.tell()

    assert place.verdict() is Verdict.NOT_MEASURABLE


def test_before_the_first_look_nothing_is_said_of_a_row_that_orders_updates(place: Place) -> None:
    place.tell()

    assert place.verdict(RULE) is Verdict.NOT_DUE
    assert not Alert.objects.exists()


def test_rows_that_order_updates_do_not_conform_while_nobody_looks(place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(HOUR)
    place.write_now("# 障害対応\n\n新しい版ではこうする。\n")
    place.pass_()
    assert place.verdict(RULE) is Verdict.CONFORMING

    place.now += 4 * HOUR
    place.tell()

    assert place.verdict(RULE) is Verdict.NOT_MEASURABLE
    assert "障害対応手順書" in place.said(RULE)


def test_a_look_that_failed_is_repeated_sooner(place: Place) -> None:
    place.wiki.pages["/faq"].status = 503
    place.pass_()
    assert place.verdict(FAQ) is Verdict.NOT_MEASURABLE

    place.wiki.pages["/faq"].status = 200
    place.pass_(timedelta(minutes=4))
    assert place.verdict(FAQ) is Verdict.NOT_MEASURABLE
    place.pass_(timedelta(minutes=1))
    assert place.verdict(FAQ) is Verdict.CONFORMING

    asked = len(place.wiki.asked)
    place.pass_(timedelta(minutes=59))
    assert len(place.wiki.asked) == asked


def test_what_was_missing_long_ago_deviates_no_more(place: Place) -> None:
    place.wiki.pages["/faq"].status = 404
    place.pass_()
    assert place.verdict(FAQ) is Verdict.DEVIATING

    place.now += 4 * HOUR
    place.tell()

    assert place.verdict(FAQ) is Verdict.NOT_MEASURABLE


def test_a_document_that_nobody_bound_keeps_the_rule_from_conforming(place: Place) -> None:
    row = "| 障害対応手順書 | 変更時 | Wiki/Git |\n"
    place.take(DOCUMENT.replace(row, f"{row}| 連絡先一覧 | 変更時 | Wiki |\n"))
    place.pass_()

    assert place.verdict(RULE) is Verdict.NOT_MEASURABLE
    assert "連絡先一覧" in place.said(RULE)


def test_either_place_keeps_a_document(place: Place) -> None:
    place.take(bindings=BINDINGS + IN_THE_WIKI)
    place.pass_()
    assert place.verdict() is Verdict.CONFORMING

    place.change()
    place.pass_(HOUR)
    place.wiki.pages["/runbook"] = Page("<p>障害のとき</p>", place.now)
    place.pass_()
    assert len(place.tasks()) == 1

    place.wiki.pages["/runbook"] = Page("<p>障害のとき。新しい版</p>", place.now)
    place.pass_()
    assert place.tasks() == []


def test_another_place_forgets_no_change(place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(HOUR)
    place.wiki.pages["/runbook"] = Page("<p>障害のとき</p>")
    place.take(bindings=BINDINGS + IN_THE_WIKI)

    place.pass_()

    assert len(place.tasks()) == 1


def test_what_was_written_before_a_change_and_seen_after_an_outage_does_not_follow_it(place: Place) -> None:
    place.pass_()
    place.now += HOUR / 2
    place.write_now("# 障害対応\n\n変更の前に書いた。\n")
    away = place.repository.bare.rename(place.folder / "away.git")
    place.pass_()
    assert place.verdict() is Verdict.NOT_MEASURABLE
    place.change()

    away.rename(place.repository.bare)
    place.pass_()

    assert len(place.tasks()) == 1


def test_an_entry_that_points_to_another_file_is_no_update(place: Place) -> None:
    place.write("# 別の文書\n", "docs/other.md")
    place.pass_()
    place.change()
    place.pass_(HOUR)
    place.take(bindings=BINDINGS.replace("runbook.md", "other.md"))

    place.pass_()

    assert DocumentCopy.objects.get(place="障害対応手順書").text == "# 別の文書\n"
    assert len(place.tasks()) == 1
    assert not LedgerEntry.objects.filter(content__event="document-updated").exists()

    place.write_now("# 別の文書\n\n変更の後に書いた。\n", "docs/other.md")
    place.pass_()

    assert place.tasks() == []


def test_looking_at_all_documents_asks_no_more_than_looking_at_one(place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(HOUR)
    with CaptureQueriesContext(connection) as one:
        states(place.plan)
    row = "| 障害対応手順書 | 変更時 | Wiki/Git |\n"
    more = "".join(f"| 手順書{each} | 変更時 | Git |\n" for each in range(5))
    entries = "".join(
        f'[documents."手順書{each}"]\nkind = "git"\nurl = "{{repository}}"\npath = "docs/runbook.md"\n'
        'about = ["release"]\n'
        for each in range(5)
    )
    place.take(DOCUMENT.replace(row, row + more), BINDINGS + entries)
    place.pass_()
    for version in range(3):
        place.change(text=f"shop 2.{version}.0")
    place.pass_(HOUR)

    with CaptureQueriesContext(connection) as all_:
        found = states(place.plan)

    assert [len(each.pending) for each in found] == [4, 3, 3, 3, 3, 3, 0]
    assert len(all_) == len(one)


def test_what_a_change_of_an_account_says_is_for_managers(place: Place) -> None:
    place.take(bindings=BINDINGS.replace('about = ["release", "web-1"]', 'about = ["account"]'))
    place.pass_()
    place.now += HOUR
    added = {"event": "operator-added", "operator": "kai", "role": "developer"}
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, added, actor="sato"), now=place.now)
    place.pass_()

    (state, _) = states(place.plan)
    assert [str(each.facts.said) for each in state.pending] == ["アカウント"]
    assert "kai" not in place.said()


def test_the_same_day_is_the_end_of_the_day_of_the_change(place: Place) -> None:
    place.take(
        DOCUMENT.replace(
            "システム変更時に関連ドキュメントも更新", "仕組みを変えたら、その日のうちに文書も直す"
        )
    )
    place.pass_()
    place.change()
    place.pass_(HOUR)

    (task,) = place.tasks()
    assert task.run.due_until == (place.now + DAY).replace(hour=0, minute=0)


def test_what_it_refers_to_and_is_gone_is_named_and_strangers_are_not_asked(place: Place) -> None:
    place.write(
        "[手順](steps.md) [図](gone.png) [外](http://127.0.0.1:9/x)\n"
        "```\nssh admin@gone.invalid\ntoban run B001\ntoban run B999\n```\n"
    )
    place.write("x", "docs/steps.md")
    wiki = place.wiki.pages
    wiki["/there"] = Page("x")
    wiki["/faq"].body = '<a href="/there">a</a><a href="/lost">b</a><a href="/delete?id=1">c</a>'
    place.pass_()

    assert place.said().endswith("指しているもののうち3件がありません: リンク切れ: gone.png など")
    copies = DocumentCopy.objects.in_bulk()
    assert [str(from_json(each)) for each in copies["障害対応手順書"].vanished] == [
        "リンク切れ: gone.png",
        "ホストがありません: gone.invalid",
        "実行できません: B999",
    ]
    assert copies["障害対応手順書"].unchecked == 1
    assert len(copies["FAQ"].vanished) == 1
    assert copies["FAQ"].unchecked == 1
    assert place.wiki.asked == ["/faq", "/there", "/lost"]


def test_documents_that_nobody_bound_say_what_to_write(place: Place) -> None:
    place.take(bindings="")

    for row in (RUNBOOK, FAQ, RULE):
        assert str(place.plan.rows[row]).endswith("toban.toml の [documents.名前] に書いてください")


def test_an_answer_in_json_is_read_by_its_fields(place: Place) -> None:
    fields = """text = "body.value"
changed_at = "version.when"
changed_by = "version.by"
"""
    place.take(bindings=BINDINGS + fields)
    place.wiki.pages["/faq"] = Page(
        '{"body": {"value": "<p>質問</p>"}, "version": {"when": "2026-11-01T10:00:00+09:00", "by": "Kei"}}',
        kind="application/json",
    )
    place.pass_()

    copy = DocumentCopy.objects.get(place="FAQ")
    assert (copy.text, copy.changed_by) == ("質問", "Kei")
    assert copy.changed_at is not None
    assert copy.changed_at.isoformat() == "2026-11-01T01:00:00+00:00"
