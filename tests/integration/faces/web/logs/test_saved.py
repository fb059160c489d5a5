"""Saved searches of logs: stored, shared, opened again and deleted on the page."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import SignIn

from toban.chapters.logs.models import SavedSearch
from toban.engine.people.models import Operator, OperatorRole


def shown(client: Client) -> str:
    return client.get("/logs/").content.decode()


def keep(client: Client, **form: str) -> str:
    return client.post("/logs/saved", form, follow=True).content.decode()


def names(page: str) -> list[str]:
    saved = page.split('class="saved"')[1].split("</ul>", maxsplit=1)[0]
    return re.findall(r'<li><a href="/logs/\?[^"]*">([^<]+)</a>', saved)


def test_a_saved_search_can_be_opened_unchanged(viewer: Client) -> None:
    page = keep(viewer, name="断られたカード", q='level:ERROR "card declined"', last="6h")

    assert "「断られたカード」として保存しました。" in page
    (link,) = re.findall(r'<a href="([^"]+)">断られたカード</a>', page)
    again = viewer.get(unescape(link)).content.decode()
    assert 'value="level:ERROR &quot;card declined&quot;"' in again
    assert re.search(r'aria-current="true">6時間</a>', again)


def test_a_long_search_is_saved_and_shown_again(viewer: Client) -> None:
    longest = " ".join(["決済"] * 20 + ["カード会社から答えがありません" * 30])

    page = keep(viewer, name="長い検索", q=longest)

    assert "「長い検索」として保存しました。" in page
    assert f'value="{longest}"' in page


@pytest.mark.parametrize("flawed", [{"q": '"open'}, {"q": "x" * 100_000}, {"from": "x" * 100_000}])
def test_an_invalid_search_is_not_saved(viewer: Client, flawed: dict[str, str]) -> None:
    answer = viewer.post("/logs/saved", {"name": "flawed", **flawed})

    assert answer.status_code == 302
    assert not SavedSearch.objects.exists()


@pytest.mark.parametrize(
    ("flawed", "typed", "said"),
    [
        ({"q": '"open'}, 'value="&quot;open"', "引用符を閉じてください"),
        ({"q": "x" * 100_000}, f'value="{"x" * 1001}', "検索は 1000 文字までです"),
        ({"q": "決" * 100_000}, f'value="{"決" * 1001}', "検索は 1000 文字までです"),
        ({"from": "x" * 100_000}, f'value="{"x" * 1001}', "は日時として読めません"),
    ],
)
def test_an_invalid_search_saved_before_validation_opens_and_says_what_is_wrong(
    viewer: Client, flawed: dict[str, str], typed: str, said: str
) -> None:
    owner = Operator.objects.get()
    SavedSearch.objects.create(owner=owner, name="old", query=urlencode(flawed), is_shared=False)
    (address,) = re.findall(r'<li><a href="(/logs/\?[^"]*)">old</a>', shown(viewer))

    page = viewer.get(unescape(address)).content.decode()

    # The maximum length of a request line that servers accept by default.
    assert len(address) < 16_000
    assert said in page
    assert typed in page
    assert "old" in names(page)


def test_the_name_of_a_saved_search_must_be_storable_in_every_database(viewer: Client) -> None:
    assert "「x�y」として保存しました。" in keep(viewer, name="x\0y")


def test_a_saved_search_is_private_unless_shared(viewer: Client, sign_in: SignIn) -> None:
    developer = sign_in(OperatorRole.DEVELOPER)
    keep(viewer, name="mine")
    keep(developer, name="alone")
    keep(developer, name="for all", shared="yes")

    assert names(shown(viewer)) == ["for all", "mine"]


def test_names_are_unique_among_private_and_among_shared_searches(sign_in: SignIn) -> None:
    developer, manager = sign_in(OperatorRole.DEVELOPER), sign_in(OperatorRole.MANAGER)
    keep(developer, name="errors", shared="yes")

    again = keep(developer, name=" errors ")
    shared_again = keep(manager, name="errors", shared="yes")
    own = keep(manager, name="errors")

    assert "「errors」という検索はすでにあります" in again
    assert "「errors」という検索はすでにあります" in shared_again
    assert "として保存しました" in own


@pytest.mark.parametrize(("name", "shared"), [("", ""), (" ", ""), ("x" * 61, ""), ("x", "yes")])
def test_a_viewer_is_refused_with_the_reason_when_saving_is_not_allowed(
    viewer: Client, name: str, shared: str
) -> None:
    page = keep(viewer, name=name, shared=shared)

    assert 'class="banner error"' in page
    assert not SavedSearch.objects.exists()


def test_the_number_of_saved_searches_is_limited(viewer: Client) -> None:
    owner = Operator.objects.get(username="mira")
    SavedSearch.objects.bulk_create(
        SavedSearch(owner=owner, name=f"search {number}", query="", is_shared=False) for number in range(100)
    )

    assert "保存できる検索は 100 件までです" in keep(viewer, name="one more")


def test_a_shared_search_is_deleted_by_its_owner_or_a_manager(viewer: Client, sign_in: SignIn) -> None:
    developer, manager = sign_in(OperatorRole.DEVELOPER), sign_in(OperatorRole.MANAGER)
    keep(developer, name="shared", shared="yes")
    keep(developer, name="own")
    shared, own = (str(SavedSearch.objects.get(name=name).pk) for name in ("shared", "own"))

    assert "保存した人と運用責任者です" in keep(viewer, delete=shared)
    assert "その検索は削除されています" in keep(manager, delete=own)
    assert "「shared」を削除しました。" in keep(manager, delete=shared)
    assert "「own」を削除しました。" in keep(developer, delete=own)


def test_a_name_never_becomes_markup(viewer: Client) -> None:
    assert "<script>alert" not in keep(viewer, name='<script>alert("x")</script>')


@pytest.mark.parametrize("number", ["9" * 30, "²", "-1", "x"])
def test_deleting_with_an_invalid_number_is_refused(viewer: Client, number: str) -> None:
    assert 'class="banner error"' in keep(viewer, delete=number)


def test_a_refusal_to_save_is_explained_in_english_too(viewer: Client) -> None:
    viewer.cookies["django_language"] = "en"

    assert "A name needs 1 to 60 characters. Choose a short name." in keep(viewer, name=" ")
    assert "Viewers can&#x27;t share searches. Save it without sharing." in keep(
        viewer, name="x", shared="yes"
    )
    assert "“status:many”: write a number for status" in keep(viewer, name="x", q="status:many")
