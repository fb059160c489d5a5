"""Who leads, by the table and a clock of looking that the test moves."""

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


def test_the_first_to_come_leads_and_the_other_does_not_however_long_it_looks_on(pair: Pair) -> None:
    pair.look(pair.first, pair.second, seconds=60)

    assert (pair.first.term, pair.second.term) == (1, None)


def test_the_other_leads_when_it_has_seen_no_sign_of_life_for_long_enough(pair: Pair) -> None:
    pair.look(pair.second, seconds=int(SILENCE) - 1)
    early = pair.second.term

    pair.look(pair.second)

    assert (early, pair.second.term) == (None, 1)


def test_whoever_wakes_up_may_write_nothing_and_finds_out(pair: Pair) -> None:
    pair.look(pair.second, seconds=int(SILENCE))

    with pytest.raises(NotLeading):
        pair.first.require()
    pair.second.require()
    pair.first.beat()
    assert pair.first.term is None


def test_who_leads_again_leads_for_another_term(pair: Pair) -> None:
    pair.look(pair.second, seconds=int(SILENCE))
    pair.first.beat()

    pair.second.release()
    pair.first.beat()

    assert (pair.first.term, pair.second.term) == (2, None)


def test_a_worker_that_ends_leaves_its_place_at_once(pair: Pair) -> None:
    pair.first.release()

    pair.look(pair.second)

    assert pair.second.term == 1


def test_a_restarted_worker_of_the_same_name_is_another(pair: Pair) -> None:
    again = Lead("one", Silences(lambda: pair.now))

    pair.look(again)

    assert again.term is None
