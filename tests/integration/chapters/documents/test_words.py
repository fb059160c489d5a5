"""What counts as other words of a document: on pages that move by themselves, and in files of any kind."""

import pytest
from tests.integration.chapters.documents.place import BINDINGS, FAQ, HOUR, Page, Place

from toban.chapters.documents import reading
from toban.chapters.documents.models import DocumentCopy
from toban.chapters.documents.states import states
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict

PLAIN = "<h1>FAQ</h1><p>答え</p><p>{} に表示 ({} 回目)</p>"


def test_a_page_that_is_never_the_same_tells_no_update(place: Place) -> None:
    place.wiki.pages["/faq"] = Page("<h1>FAQ</h1><p>COUNT 回表示</p>", at=None)
    place.pass_()

    assert place.verdict(FAQ) is Verdict.NOT_MEASURABLE
    assert "毎回違う" in place.said(FAQ)

    place.wiki.pages["/faq"] = Page("<h1>FAQ</h1>", at=None)
    place.pass_()

    assert place.verdict(FAQ) is Verdict.CONFORMING
    assert DocumentCopy.objects.get(place="FAQ").changed_at == place.now


@pytest.mark.parametrize("says_now", [False, True])
def test_a_date_and_a_counter_that_move_between_two_looks_are_no_update(place: Place, says_now: bool) -> None:
    page = place.wiki.pages["/faq"] = Page(PLAIN.format("2026年11月30日(月)", 7), at=None, says_now=says_now)
    place.pass_()
    before = DocumentCopy.objects.get(place="FAQ")

    page.body = PLAIN.format("2026年12月1日(火)", 1031)
    place.pass_()

    after = DocumentCopy.objects.get(place="FAQ")
    assert (after.updated_at, after.changed_at, after.digest) == (None, before.changed_at, before.digest)
    assert "1031" in after.text
    assert not LedgerEntry.objects.filter(content__event="document-updated").exists()

    page.body = page.body.replace("答え", "新しい答え")
    place.pass_()
    assert DocumentCopy.objects.get(place="FAQ").updated_at == place.now


def test_a_figure_is_an_update_where_the_place_says_when_it_was_written(place: Place) -> None:
    page = place.wiki.pages["/faq"] = Page("<p>70%で連絡</p>")
    place.pass_()

    page.body, page.at = "<p>80%で連絡</p>", place.now
    place.pass_()

    assert DocumentCopy.objects.get(place="FAQ").updated_at == place.now


def test_only_the_part_that_holds_the_document_is_read(place: Place) -> None:
    place.take(bindings=BINDINGS + 'part = "body"\n')
    page = place.wiki.pages["/faq"] = Page("<div id=body><p>質問</p></div><p>最近: 甲</p>", at=None)
    place.pass_()
    page.body = page.body.replace("甲", "乙")
    place.pass_()

    copy = DocumentCopy.objects.get(place="FAQ")
    assert (copy.text, copy.updated_at) == ("質問", None)

    page.body = "<p>作り直した</p>"
    place.pass_()
    assert place.verdict(FAQ) is Verdict.NOT_MEASURABLE
    assert 'part = "body" の要素' in place.said(FAQ)


def test_a_file_that_is_no_text_is_followed_by_its_bytes(place: Place) -> None:
    pdf = "%PDF-1.7 {}\n".format
    place.write(pdf(1))
    place.pass_()
    place.change()
    place.pass_(HOUR)
    copy = DocumentCopy.objects.get(place="障害対応手順書")
    assert (place.verdict(), copy.text, len(place.tasks())) == (Verdict.CONFORMING, "", 1)
    (state, _) = states(place.plan)
    assert reading.opened(state, place.account, place.now) is None

    place.write_now(pdf(2))
    place.pass_()

    assert place.tasks() == []
    assert DocumentCopy.objects.get(place="障害対応手順書").digest != copy.digest


def test_the_same_commit_that_is_read_in_another_way_is_no_update(place: Place) -> None:
    place.pass_()
    place.change()
    place.pass_(HOUR)
    DocumentCopy.objects.filter(place="障害対応手順書").update(digest="d" * 64, text="\ufffd\ufffd")

    place.pass_()

    assert len(place.tasks()) == 1
    assert DocumentCopy.objects.get(place="障害対応手順書").digest != "d" * 64


def test_a_file_of_a_wiki_that_does_not_say_when_it_was_changed_is_followed(place: Place) -> None:
    page = place.wiki.pages["/faq"] = Page("%PDF-1.7 1", at=None, kind="application/pdf")
    place.pass_()
    page.body = "%PDF-1.7 2"
    place.pass_()

    assert DocumentCopy.objects.get(place="FAQ").updated_at == place.now
