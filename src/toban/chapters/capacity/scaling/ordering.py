"""A person's order to bring a group to a size: a run of the ledger, whatever the group's mode is."""

from datetime import datetime

from toban.chapters.capacity.plan import CapacityPlan, Group
from toban.chapters.capacity.scaling.replays import groups_named
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.runs import orders
from toban.engine.runs.models import Run
from toban.message import Message


def order_scaling(
    plan: CapacityPlan,
    group: str,
    to: int,
    reason: str,
    *,
    by: str,
    now: datetime,
    account: Operator | None = None,
    shell_user: str = "",
    token_maker: str = "",
) -> Run:
    """Have *group* brought to *to* instances; raise `NotPossible`, such as beyond the document's limit.

    *account*, *shell_user* and *token_maker* are as for every order; see `orders.order`.
    """
    wanted = allowed(plan, group, to)
    parameters = {"to": str(to), **({"reason": reason} if reason else {})}
    return orders.order(
        wanted.key,
        parameters,
        by=by,
        now=now,
        account=account,
        shell_user=shell_user,
        token_maker=token_maker,
    )


def allowed(plan: CapacityPlan, group: str, to: int) -> Group:
    """Return *group*, which may have *to* instances; raise `NotPossible` if it may not."""
    found = groups_named(plan, group)[0]
    if not found.is_ours:
        said = Message("capacity.provider-scales", group=found.name)
        raise NotPossible(said, Message("capacity.scale-it-there"))
    if to < 1:
        raise NotPossible(Message("capacity.not-a-size", to=to), Message("capacity.write-a-size"))
    if found.most is not None and to > found.most:
        said = Message("capacity.beyond-the-limit", group=found.name, to=to, most=found.most)
        raise NotPossible(said, Message("capacity.raise-the-limit"))
    return found
