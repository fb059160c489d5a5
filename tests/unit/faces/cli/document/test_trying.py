"""Trials side by side: one that hangs or breaks is a finding, and does not delay the others."""

import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from toban.design.origin import Origin
from toban.engine.trial import Doubt, Trial, TrialCode
from toban.faces.cli.document.trying import PATIENCE, try_all
from toban.message import plain

PAGE = Path(__file__).parents[5] / "docs" / "findings" / "LV006.md"


def trial(doubts: Callable[[], Iterable[Doubt]]) -> Trial:
    return Trial(
        TrialCode.BATCH,
        plain("バッチ J01"),
        Origin("toban.toml", 1),
        '[batches.J01] kind = "ssh"',
        doubts,
        plain("way out"),
    )


def tell_nobody(_done: int, _count: int) -> None:
    """Ignore the progress."""


def test_a_hanging_trial_is_a_finding_as_documented_and_the_rest_is_tried() -> None:
    end = threading.Event()

    def hang() -> Iterable[Doubt]:
        end.wait(60)
        return ()

    hanging, well = try_all([trial(hang), trial(list)], tell_nobody, patience=0.2)
    end.set()

    said = str(hanging.findings[0]).replace("0.2 秒", f"{PATIENCE:g} 秒")
    assert f"````text\n{said}\n````" in PAGE.read_text(encoding="utf-8")
    assert well.findings == ()


def test_more_trials_than_threads_are_all_run_in_order_and_counted() -> None:
    told: list[tuple[int, int]] = []
    trials = [trial(lambda number=number: [plain(f"{number}")]) for number in range(40)]  # type: ignore[misc]

    tried = try_all(trials, lambda done, count: told.append((done, count)))

    assert [str(each.findings[0].message) for each in tried] == [
        f"バッチ J01: {number}" for number in range(40)
    ]
    assert told == [(done, 40) for done in range(1, 41)]


def test_a_doubt_may_have_its_own_hint() -> None:
    (tried,) = try_all([trial(lambda: [(plain("遅い"), plain("速くする")), plain("暗い")])], tell_nobody)

    assert [(str(each.message), str(each.hint)) for each in tried.findings] == [
        ("バッチ J01: 遅い", "速くする"),
        ("バッチ J01: 暗い", "way out"),
    ]


def test_an_exception_is_reported_by_type_without_its_message() -> None:
    def broken() -> Iterable[Doubt]:
        raise ValueError("postgresql://shop:s3cret@db/shop")

    (tried,) = try_all([trial(broken)], tell_nobody)

    assert re.search(r"失敗しました \(ValueError\)", str(tried.findings[0]))
    assert "s3cret" not in str(tried.findings[0])


def test_trying_nothing_returns_at_once() -> None:
    assert try_all([], tell_nobody) == ()
