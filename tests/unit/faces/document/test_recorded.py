"""Text recorded in the document's language is shown in the reader's language."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from toban.engine.notify.reason import WORDS, NoticeReason
from toban.engine.said import recorded
from toban.faces.document.recorded import SENTENCES, in_readers_language

WHY = (WORDS[NoticeReason.UNBOUND_ROLE], "Nobody is assigned to the role")


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
        ("応答なし（api-1、timeout）", "no response (api-1、timeout)"),
        ("43分12秒", "43 min 12 s"),
        ("12.5秒", "12.5 s"),
        ("37件", "37"),
        (
            "今月 99.990%、エラーバジェット残り 43分12秒 (100%)",
            "this month 99.990%, error budget remaining 43 min 12 s (100%)",
        ),
        (
            "今月 99.900%、エラーバジェット残り -5時間3分 (-12%)",
            "this month 99.900%, error budget remaining -5 h 3 min (-12%)",
        ),
        (
            "バーンレート 20.0 倍: このままなら約36時間でエラーバジェットを使い切ります",
            "Burn rate 20.0×: at this rate the error budget is used up in about 36 hours",
        ),
        ("正常範囲（0-70%）にあります", "Within the normal range (0-70%)"),
        ("異常 90%以上に達しています", "Reached critical 90%以上"),
        (
            "異常 9件ではなくなりましたが、正常に戻っていません",
            "No longer at critical 9, but not back within normal",
        ),
        ("最初の測定を待っています（接続中）", "Waiting for the first measurement (接続中)"),
        ("測定できません: a\nイベントなし", "Can't be measured: a\nno events"),
        (
            '対象「DB」の測る場所では「CPU」を測れません: kind = "a" か kind = "b" を x に足してください',
            'No source of target “DB” measures “CPU”: add kind = "a" or kind = "b" to x',
        ),
        (
            "toban errors show 7、解決したら toban errors resolve 7",
            "See toban errors show 7; once resolved, run toban errors resolve 7",
        ),
        (
            '「DB」のバックアップ方法が x にありません: [backups.DB] に kind = "a" か "b" を書いてください',
            'x does not say how to back up “DB”: write kind = "a" or "b" into [backups.DB]',
        ),
        (
            "役割の担当者が決まっていません: 当直。x に [people.当直] を書いてください",
            "Nobody is assigned to the role: 当直. Write [people.当直] into x",
        ),
        ("新しいエラー（error、3件、リリース 1.0）", "new error (error, 3 times, release 1.0)"),
        (
            "12日分 1,234行 (3 MB)。保全中のため削除しません: 調査 か",
            "1,234 rows of 12 days (3 MB). On hold, not deleted: 調査 か",
        ),
        (
            "1日分 10行 (1 kB)、エラーのイベント 3件 (3 kB)",
            "10 rows of 1 days (1 kB), 3 error events (3 kB)",
        ),
        (
            "エラーの1時間ごとの件数 2件。保全中のため削除しません: 調査",
            "2 hourly error counts. On hold, not deleted: 調査",
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
            return WORDS[NoticeReason.UNBOUND_ROLE] if name == "why" else f"<{name}>"

    written = sentence % Values()

    assert in_readers_language(written) == written
    with translation.override("en"):
        said = translation.gettext(sentence) % Values()
        assert in_readers_language(written) == said.replace(*WHY)


def test_values_may_contain_anything() -> None:
    written = recorded("測定できません: %(note)s", note="100% %(note)s (.*) 、 か \\1")

    with translation.override("en"):
        assert in_readers_language(written) == "Can't be measured: 100% %(note)s (.*) 、 か \\1"
