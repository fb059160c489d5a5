"""How a run stands on its hosts, as its worker records it."""

from datetime import timedelta

import pytest
from tests.integration.engine.runs.claims import taken
from tests.integration.engine.runs.conftest import NOON, MakeWork

from toban.engine.runs import orders
from toban.engine.runs.claiming import claim, hosts
from toban.engine.runs.claiming.claim import LEASE, Fenced
from toban.engine.runs.models import HostResult, Run
from toban.engine.runs.rules import HostState, RunReason
from toban.engine.runs.scheduler import plan_due
from toban.message import NOTHING, plain

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def test_the_results_of_hosts_outlive_their_worker_who_can_write_no_more(make_work: MakeWork) -> None:
    works = {"B001": make_work()}
    plan_due(works.values(), NOON - MINUTE)
    plan_due(works.values(), NOON)
    lost = taken(works, "one", NOON)
    assert lost is not None
    hosts.record(lost, "web-1", HostState.RUNNING, NOTHING, NOON)
    hosts.record(lost, "web-1", HostState.DONE, NOTHING, NOON + MINUTE / 2)
    hosts.record(lost, "web-2", HostState.RUNNING, NOTHING, NOON)

    other = taken(works, "two", NOON + 2 * LEASE)

    assert other is not None
    assert hosts.finished_hosts(other) == {"web-1"}
    with pytest.raises(Fenced):
        hosts.record(lost, "web-2", HostState.FAILED, plain("late"), NOON)
    hosts.record(other, "web-2", HostState.WAITING, NOTHING, NOON + 2 * LEASE)
    first, second = HostResult.objects.order_by("pk")
    assert (first.state, first.began_at, first.ended_at) == ("done", NOON, NOON + MINUTE / 2)
    assert (second.state, second.began_at, second.ended_at) == ("waiting", None, None)


def test_a_run_repeated_from_its_step_begins_on_every_host_again(make_work: MakeWork) -> None:
    works = {"B001": make_work()}
    plan_due(works.values(), NOON - MINUTE)
    plan_due(works.values(), NOON)
    held = taken(works, "one", NOON)
    assert held is not None
    hosts.record(held, "web-1", HostState.DONE, NOTHING, NOON)
    claim.keep(held, "step", None, began_at=NOON, now=NOON)
    claim.fail(held, works["B001"], RunReason.NOT_RUNNABLE, NOTHING, NOON)

    orders.again("B001", Run.objects.get().pk, None, by="nami", now=NOON)
    assert HostResult.objects.count() == 1
    Run.objects.update(state=Run.State.FAILED)
    orders.again("B001", Run.objects.get().pk, "step", by="nami", now=NOON)

    assert not HostResult.objects.exists()
