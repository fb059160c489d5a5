"""The pages of documents: the list, and one to read."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.chapters.documents.place import DAY, HOUR, TOKEN, Place, serving
from tests.integration.faces.web.conftest import Fixed, SignIn

from toban.chapters.documents.models import DocumentReading
from toban.engine.clock import system_clock
from toban.engine.people.models import OperatorRole

TEXT = "/documents/text/?document=%E9%9A%9C%E5%AE%B3%E5%AF%BE%E5%BF%9C%E6%89%8B%E9%A0%86%E6%9B%B8"


@pytest.fixture
def place(tmp_path: Path, in_force: Fixed, db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("WIKI_TOKEN", TOKEN)
    with serving() as wiki:
        found = Place(tmp_path, wiki, now=system_clock() - 20 * DAY)
        in_force.edition = found.edition
        yield found


@pytest.fixture
def developer(sign_in: SignIn, place: Place) -> Client:
    return sign_in(OperatorRole.DEVELOPER)


def page(client: Client, address: str = "/documents/", *, language: str = "ja") -> str:
    client.cookies["django_language"] = language
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_the_list_says_where_each_document_is_and_what_it_does_not_follow(
    developer: Client, place: Place
) -> None:
    place.write("[図](gone.png) <script>alert(1)</script>")
    place.pass_()
    place.change()
    place.pass_(HOUR)

    shown = page(developer)

    assert "Nami" in shown
    assert "◆" in shown
    assert "shop 1.1.0" in shown
    assert "リンク切れ: gone.png" in shown
    assert "release、web-1" in shown


def test_documents_that_nobody_bound_say_what_to_write(
    developer: Client, place: Place, in_force: Fixed
) -> None:
    place.take(bindings="")
    in_force.edition = place.edition

    assert "保管場所が未接続です" in page(developer)


def test_only_what_was_looked_for_in_vain_is_nowhere(developer: Client, place: Place) -> None:
    assert "どこにもありません" not in page(developer)

    place.wiki.pages["/faq"].status = 500
    place.pass_()
    assert "どこにもありません" not in page(developer)

    place.wiki.pages["/faq"].status = 404
    place.pass_()
    assert page(developer).count("どこにもありません") == 1


def test_the_english_page_is_english(developer: Client, place: Place) -> None:
    place.pass_()

    shown = page(developer, language="en")

    assert "Last read by" in shown
    assert "最後に読んだ人" not in shown


def test_a_document_is_shown_as_text_and_who_opens_it_is_noted(developer: Client, place: Place) -> None:
    place.write("# 手順\n\n<script>alert(1)</script>\n")
    place.pass_()

    answer = developer.get(TEXT)

    assert b"&lt;script&gt;alert(1)" in answer.content
    assert b"<script>alert(1)" not in answer.content
    opened = DocumentReading.objects.get()
    assert (opened.username, opened.seconds) == ("developer", 0)
    assert f'value="{opened.pk}"'.encode() in answer.content


def test_a_page_that_is_in_view_says_so_for_its_own_reader_only(
    developer: Client, place: Place, sign_in: SignIn
) -> None:
    place.pass_()
    developer.get(TEXT)
    number = DocumentReading.objects.get().pk
    DocumentReading.objects.update(seen_at=system_clock() - HOUR)

    answer = developer.post("/documents/in-view/", {"number": number, "seconds": "40"})

    assert answer.content == b"read"
    assert DocumentReading.objects.get().read_at is not None
    another = sign_in(OperatorRole.VIEWER)
    assert another.post("/documents/in-view/", {"number": number, "seconds": "40"}).status_code == 404


@pytest.mark.parametrize("seconds", ["nan", "inf", "-5", "x", ""])
def test_odd_seconds_count_as_none(developer: Client, place: Place, seconds: str) -> None:
    place.pass_()
    developer.get(TEXT)
    opened = DocumentReading.objects.get()

    answer = developer.post("/documents/in-view/", {"number": opened.pk, "seconds": seconds})

    assert answer.content == b"reading"
    assert DocumentReading.objects.get().seconds == 0


def test_a_document_that_is_not_listed_is_not_found(developer: Client) -> None:
    assert developer.get("/documents/text/?document=other").status_code == 404


def test_a_file_that_is_no_text_says_where_to_read_it(developer: Client, place: Place) -> None:
    place.write("%PDF-1.7")
    place.pass_()

    shown = page(developer, TEXT)

    assert "保管場所で開いてください" in shown
    assert "in-view" not in shown
    assert "Open it in its place" in page(developer, TEXT, language="en")


@pytest.mark.parametrize(
    ("kind", "japanese", "english"),
    [
        ("diagram", "システム構成図", "System diagram"),
        ("procedures", "Toban が止まっている日", "On a day on which Toban is away"),
        ("incidents", "起きうる障害と対処", "Known failures and their remedies"),
        ("contacts", "役割と当番", "Roles and turns"),
    ],
)
def test_documents_that_toban_writes_have_pages(
    developer: Client, place: Place, kind: str, japanese: str, english: str
) -> None:
    assert f"/documents/written/{kind}/" in page(developer)
    assert japanese in page(developer, f"/documents/written/{kind}/")
    assert english in page(developer, f"/documents/written/{kind}/", language="en")


def test_a_document_that_toban_does_not_write_is_not_there(developer: Client, place: Place) -> None:
    assert developer.get("/documents/written/secrets/").status_code == 404


def test_what_the_document_says_is_no_markup_on_a_page_of_ours(
    developer: Client, place: Place, in_force: Fixed
) -> None:
    source = "{{ kind = 'prometheus', url = 'http://127.0.0.1:9/m', instance = 'web-1' }}"
    target = f"[targets.'<script>x</script>']\nsources = [{source}]\n"
    place.take(bindings=target + "[documents.FAQ]\nkind = 'page'\nurl = '{wiki}/faq'\n")
    in_force.edition = place.edition
    developer.cookies["django_language"] = "ja"

    shown = developer.get("/documents/written/diagram/").content.decode()

    assert "<script>x" not in shown
    assert "&lt;script&gt;x" in shown
