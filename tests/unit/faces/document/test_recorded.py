"""Text recorded in the document's language is shown in the reader's language."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from toban.engine.notify.reason import WORDS, Reason
from toban.engine.said import recorded
from toban.faces.document.recorded import SENTENCES, in_readers_language

WHY = (WORDS[Reason.UNBOUND_ROLE], "Nobody holds the role")


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", ""),
        ("42.1%", "42.1%"),
        ("42.1%（api-1）", "42.1% (api-1)"),
        ("応答なし（api-1、timeout）", "no answer (api-1、timeout)"),
        ("43分12秒", "43 min 12 s"),
        ("12.5秒", "12.5 s"),
        ("37件", "37"),
        ("今月 99.990%、予算の残り 43分12秒 (100%)", "this month 99.990%, budget left 43 min 12 s (100%)"),
        ("今月 99.900%、予算の残り -5時間3分 (-12%)", "this month 99.900%, budget left -5 h 3 min (-12%)"),
        ("正常範囲（0-70%）の値です", "Within the normal range (0-70%)"),
        ("異常 90%以上に達しています", "Has reached critical 90%以上"),
        (
            "異常 9件ではなくなりましたが、正常に戻っていません",
            "No longer critical 9, but not back in normal",
        ),
        ("最初の測定を待っています（接続中）", "Waits for the first measurement (接続中)"),
        ("測定できません: a\nイベントなし", "Can't be measured: a\nno events"),
        (
            '対象「DB」のどの情報源も「CPU」を測れません: kind = "a" か kind = "b" を x に足してください',
            'No source of target “DB” can measure “CPU”: add kind = "a" or kind = "b" to x',
        ),
        (
            "toban errors show 7、解決したら toban errors resolve 7",
            "toban errors show 7; when it is resolved, toban errors resolve 7",
        ),
        (
            '「DB」をどう取るかが x にありません: [backups.DB] に kind = "a" か "b" を書いてください',
            'x does not say how “DB” is backed up: write kind = "a" or "b" into [backups.DB]',
        ),
        (
            "役割を担う人が決まっていません: 当直。x に [people.当直] を書いてください",
            "Nobody holds the role: 当直. write [people.当直] into x",
        ),
        ("新しいエラー（error、3件、リリース 1.0）", "new error (error, 3 times, release 1.0)"),
        (
            "12日分 1,234行 (3 MB)。保全中のため削除しません: 調査 か",
            "1,234 rows of 12 days (3 MB). Held, and not deleted: 調査 か",
        ),
        (
            "1日分 10行 (1 kB)、エラーのイベント 3件 (3 kB)",
            "10 rows of 1 days (1 kB), 3 events of errors (3 kB)",
        ),
        (
            "エラーの一時間ごとの数 2件。保全中のため削除しません: 調査",
            "2 hourly counts of errors. Held, and not deleted: 調査",
        ),
    ],
)
def test_known_sentences_and_amounts_are_translated_to_english(written: str, said: str) -> None:
    assert in_readers_language(written) == said


@pytest.mark.parametrize("written", ["文書のままの理由です", "a 、b", "x" * 100_000, "正常範囲（" * 20_000])
@pytest.mark.usefixtures("english")
def test_unknown_sentences_stay_unchanged(written: str) -> None:
    assert in_readers_language(written) == written


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_recorded_sentence_is_recognised_with_its_values_and_unchanged_in_japanese(
    sentence: str,
) -> None:
    class Values(dict[str, str]):
        def __missing__(self, name: str) -> str:
            return WORDS[Reason.UNBOUND_ROLE] if name == "why" else f"<{name}>"

    written = sentence % Values()

    assert in_readers_language(written) == written
    with translation.override("en"):
        said = translation.gettext(sentence) % Values()
        assert in_readers_language(written) == said.replace(*WHY)


def test_values_may_contain_anything() -> None:
    written = recorded("測定できません: %(note)s", note="100% %(note)s (.*) 、 か \\1")

    with translation.override("en"):
        assert in_readers_language(written) == "Can't be measured: 100% %(note)s (.*) 、 か \\1"
