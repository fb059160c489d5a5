"""Which worker leads, decided by the table and a clock that the test moves."""

import pytest

from toban.engine.notify.delivery.lead import Lead, NotLeading
from toban.engine.runs.claiming.silence import SILENCE, Silences

pytestmark = pytest.mark.django_db


class Pair:
    """Two workers; both look once a second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.first, self.second = (Lead(name, Silences(lambda: self.now)) for name in ("one", "two"))

    def look(self, *alive: Lead, seconds: int = 1) -> None:
        for _ in range(seconds):
            self.now += 1
            for lead in alive:
                lead.beat()


@pytest.fixture
def pair() -> Pair:
    pair = Pair()
    pair.look(pair.first, pair.second)
    return pair


def test_the_first_worker_leads_and_the_second_does_not_however_long_it_watches(pair: Pair) -> None:
    pair.look(pair.first, pair.second, seconds=60)

    assert (pair.first.term, pair.second.term) == (1, None)


def test_the_second_worker_leads_after_seeing_no_heartbeat_for_long_enough(pair: Pair) -> None:
    pair.look(pair.second, seconds=int(SILENCE) - 1)
    early = pair.second.term

    pair.look(pair.second)

    assert (early, pair.second.term) == (None, 1)


def test_a_replaced_leader_that_wakes_up_may_not_write_and_notices_it(pair: Pair) -> None:
    pair.look(pair.second, seconds=int(SILENCE))

    with pytest.raises(NotLeading):
        pair.first.require()
    pair.second.require()
    pair.first.beat()
    assert pair.first.term is None


def test_a_worker_that_leads_again_gets_a_new_term(pair: Pair) -> None:
    pair.look(pair.second, seconds=int(SILENCE))
    pair.first.beat()

    pair.second.release()
    pair.first.beat()

    assert (pair.first.term, pair.second.term) == (2, None)


def test_a_worker_that_ends_gives_up_the_lead_at_once(pair: Pair) -> None:
    pair.first.release()

    pair.look(pair.second)

    assert pair.second.term == 1


def test_a_restarted_worker_with_the_same_name_is_a_different_one(pair: Pair) -> None:
    again = Lead("one", Silences(lambda: pair.now))

    pair.look(again)

    assert again.term is None


def test_a_leader_that_may_not_lead_lets_go_at_once_and_the_other_takes_over(pair: Pair) -> None:
    pair.first.beat(may_lead=False)
    with pytest.raises(NotLeading):
        pair.first.require()
    pair.second.beat()

    assert (pair.first.term, pair.second.term) == (None, 1)


def test_a_worker_that_may_not_lead_counts_only_the_beats_that_find_a_leader(pair: Pair) -> None:
    for _ in range(3):
        pair.look(pair.first)
        pair.second.beat(may_lead=False)
    followed = pair.second.followed

    pair.first.release()
    pair.second.beat(may_lead=False)

    assert (pair.second.followed, pair.second.term) == (followed, None)
