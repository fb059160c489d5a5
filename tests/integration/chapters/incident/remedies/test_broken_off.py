"""A worker that dies after its remedy has mended: the alert is over before another worker goes on."""

from dataclasses import replace

import pytest
from tests.integration.chapters.incident.remedies.mended import (
    RESTART,
    SECOND,
    WEB,
    Mended,
    notes,
    noting,
)

from toban.chapters.incident.models import RemedyUse
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition
from toban.engine.runs.models import Run
from toban.engine.runs.work import RunTurn, Step

pytestmark = pytest.mark.django_db

KEY = f"remedy/{RESTART}"
DOWN = "Webサーバーダウン"


class Killed(BaseException):
    """kill -9."""


def dies(mended: Mended, step: str, *, has_acted: bool) -> None:
    """Have the worker die in *step* of the remedy, before or after it has acted; it is known no sooner."""
    work = mended.works[KEY]

    def dying(each: Step) -> Step:
        def act(turn: RunTurn) -> object:
            if has_acted:
                each.act(turn)
            raise Killed

        return replace(each, act=act) if each.name == step else each

    mended.works[KEY] = replace(work, steps=tuple(map(dying, work.steps)))
    with pytest.raises(Killed):
        mended.work()
    mended.works[KEY] = work


def test_a_remedy_whose_worker_died_after_it_has_mended_counts_as_done_and_is_not_repeated(
    mended: Mended,
) -> None:
    mended.take(noting(mended, mode="act"))
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.turn()
    dies(mended, "apply", has_acted=True)
    mended.pass_(5 * SECOND)
    mended.report(WEB, "up", Condition.OK)

    mended.pass_(5 * SECOND)
    mended.go()

    (run,) = mended.runs()
    assert (run.state, run.losses) == (Run.State.DONE, 1)
    assert notes(mended) == [RESTART]
    assert "途中で止まり" in str(run.note)
    assert mended.uses() == [(RESTART, "recovered")]
    assert RemedyUse.objects.get().took == 0.0
    assert mended.verdict(DOWN) is Verdict.CONFORMING
    assert LedgerEntry.objects.filter(content__event="remedy-applied").count() == 1


def test_a_remedy_that_had_not_begun_when_its_worker_died_is_not_counted(mended: Mended) -> None:
    mended.take(noting(mended, mode="act"))
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.turn()
    dies(mended, "look", has_acted=True)
    mended.pass_(5 * SECOND)
    mended.report(WEB, "up", Condition.OK)

    mended.pass_(5 * SECOND)
    mended.go()

    (run,) = mended.runs()
    assert run.state == Run.State.DONE
    assert notes(mended) == []
    assert mended.uses() == [(RESTART, "not-run")]
    assert not LedgerEntry.objects.filter(content__event="remedy-applied").exists()


def test_a_remedy_that_broke_off_is_repeated_while_the_alert_is_open(mended: Mended) -> None:
    mended.take(noting(mended, mode="act"))
    mended.report(WEB, "up", Condition.CRITICAL)
    mended.turn()
    dies(mended, "apply", has_acted=False)

    mended.pass_(10 * SECOND)
    mended.go()

    assert notes(mended) == [RESTART]
    assert mended.uses() == [(RESTART, "pending")]
