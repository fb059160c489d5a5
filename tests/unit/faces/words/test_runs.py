"""Runs in words: everything the ledger can contain has a readable text."""

import pytest
from django.utils import translation

from toban.engine.runs.models import Run
from toban.engine.runs.rules import RunReason, Start
from toban.faces.words.runs import REASONS, WAITS, RunStatus, outcome, standing


def test_every_reason_and_every_wait_has_a_text() -> None:
    assert REASONS.keys() == set(RunReason)
    assert WAITS.keys() == set(Start)


def test_a_failure_that_is_not_retried_does_not_say_that_a_command_was_missing() -> None:
    # A denied bucket, a wrong host key and a lacking program alike: which of them it was, the note says.
    assert str(REASONS[RunReason.NOT_RUNNABLE]) == "再試行では直らない失敗"
    assert outcome(RunReason.NOT_RUNNABLE) == "再試行では直らない失敗"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_each_way_to_end_badly_has_a_sentence_of_its_own(language: str) -> None:
    bad = {RunReason.FAILED, RunReason.NOT_RUNNABLE, RunReason.TIMED_OUT, RunReason.LOST, RunReason.CANCELLED}
    bad |= {RunReason.UNANSWERED, RunReason.REFUSED, RunReason.UNREPORTED, RunReason.NOT_PERFORMED}
    bad |= {RunReason.MISSED, RunReason.SKIPPED, RunReason.UNSIGNED, RunReason.FENCED, RunReason.STOPPED}

    with translation.override(language):
        said = {str(REASONS[each]) for each in bad}
        ended = {outcome(each) for each in bad}

    assert len(said) == len(bad)
    assert len(ended) == len(bad)


def test_every_state_of_the_ledger_has_a_mark_and_a_word() -> None:
    told = [standing(Run(state=state, reason=RunReason.ON_TIME)) for state in Run.State]

    assert all(each.mark and each.word for each in told)
    assert len({each.word for each in told}) == len(Run.State)


def test_waiting_for_approval_is_distinguished_from_waiting_for_the_clock() -> None:
    waiting = Run(state=Run.State.WAITING, reason=RunReason.AWAITING_APPROVAL)

    assert standing(waiting) is RunStatus.AWAITING
    assert standing(Run(state=Run.State.WAITING, reason=RunReason.RETRY)) is RunStatus.WAITING
