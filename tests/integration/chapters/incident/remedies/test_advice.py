"""What to do next about an alert: the remedy of the pattern's row."""

from collections.abc import Mapping

import pytest
from tests.integration.chapters.incident.remedies.mended import DB, NOON, RESTART, WEB, Mended
from tests.registered import PARTS

from toban.chapters.incident.remedies.advice import advise
from toban.engine.modes.rules import Mode
from toban.engine.notify.signal import ADVICE, Condition, Signal
from toban.message import NOTHING

pytestmark = pytest.mark.django_db

BOUND = f"""
[remedies."{RESTART}"]
kind = "command"
command = ["true"]
runbook = "https://wiki.example.com/web-down"
"""


def signal(target: str = WEB, item: str = "up", condition: Condition = Condition.CRITICAL) -> Signal:
    return Signal(
        key=f"{target}/{item}",
        clause_id="x",
        citation="",
        clause_text="",
        condition=condition,
        subject=NOTHING,
        value=NOTHING,
        limit=NOTHING,
        began_at=NOON,
        detected_at=NOON,
        labels={"target": target, "item": item},
    )


def said(mended: Mended, *signals: Signal) -> Mapping[str, str]:
    return {key: str(each) for key, each in advise(mended.edition, signals).items()}


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (Mode.SHADOW, "プロセス再起動 は行うはずだったことを Toban が記録するだけです"),
        (Mode.ASK, "プロセス再起動 は承認されれば Toban が行います"),
        (Mode.ACT, "プロセス再起動 は Toban が自動で行います"),
    ],
)
def test_the_rows_remedy_its_place_who_does_it_and_the_runbook(
    mended: Mended, mode: Mode, words: str
) -> None:
    mended.take(f'{BOUND}mode = "{mode}"\n')
    row = next(each for each in mended.edition.design.clauses if each.id == mended.row("Webサーバーダウン"))

    found = said(mended, signal())[f"{WEB}/up"]

    assert found.startswith(f"プロセス再起動 (Webサーバーダウン、{row.origin})")
    assert words in found
    assert "https://wiki.example.com/web-down" in found


def test_a_remedy_that_is_not_bound_is_advised_all_the_same(mended: Mended) -> None:
    found = said(mended, signal(DB))[f"{DB}/up"]

    assert found.startswith("DBサーバー再起動、フェイルオーバー (DBサーバーダウン、")
    assert "Toban" not in found


def test_a_person_who_moves_it_changes_what_is_advised(mended: Mended) -> None:
    mended.take(BOUND)
    mended.mode(Mode.ACT)

    assert "Toban が自動で行います" in said(mended, signal())[f"{WEB}/up"]


def test_what_is_no_known_failure_is_left_to_the_row(mended: Mended) -> None:
    mended.take(BOUND)

    assert said(mended, signal("キャッシュ"), signal(item="cpu_usage_percent")) == {}


def test_a_target_that_is_silent_is_advised_as_down(mended: Mended) -> None:
    mended.take(BOUND)

    assert said(mended, signal(condition=Condition.NO_DATA)) == {}
    assert advise(mended.edition, []) == {}


def test_the_chapter_offers_it(mended: Mended) -> None:
    (found,) = PARTS.ports.all(ADVICE)

    assert found(mended.edition, [signal()]) == advise(mended.edition, [signal()]) != {}
