"""Brings an Auto Scaling group to a size, and waits until its instances do their work."""

import time
from collections.abc import Collection, Sequence

from toban.chapters.capacity.scaler import GroupSize, ProviderPolicy, ScalingFailed
from toban.chapters.capacity.scalers.autoscaling.config import AutoScalingGroup
from toban.chapters.capacity.scalers.autoscaling.group import AwsGroup, GroupState
from toban.chapters.capacity.scalers.autoscaling.policies import described
from toban.engine.runs.work import RunTurn
from toban.message import NOTHING, Message, plain

_LOOK = 5.0
"""Seconds between two looks at the group: AWS limits how often it is asked."""
_MOST_FAILED = 3
"""So many launches that failed end the run; AWS itself goes on trying."""
_LONGEST_SAID = 300


class AutoScalingScaler:
    """See `Scaler` and `HasPolicies`."""

    def __init__(self, config: AutoScalingGroup, look: float = _LOOK) -> None:
        self._config = config
        self._group = AwsGroup(config)
        self._look = look

    def size(self) -> GroupSize:
        """See `Scaler`."""
        state = self._group.state()
        return GroupSize(state.desired, state.serving, state.most)

    def policies(self) -> Sequence[ProviderPolicy]:
        """See `HasPolicies`."""
        state = self._group.state()
        return [
            each
            for policy in self._group.policies()
            for each in described(policy, self._group.alarms(policy["PolicyARN"]), state, self._config.group)
        ]

    def resize(self, to: int, turn: RunTurn) -> None:
        """See `Scaler`. What AWS says about failures is in the run's log at once."""
        state = self._group.state()
        require(state, to, self._config.group)
        known = set(self._group.failures())
        while state.desired != to:
            if self._group.order(to):
                turn.say(Message("capacity-scalers.ordered", name=self._config.group, to=to))
            else:
                turn.progress(None, Message("capacity-scalers.waits-for-activity"))
                self._pause(turn, state, to)
            state = self._group.state()
        self._wait(to, turn, known)

    def close(self) -> None:
        """See `Scaler`."""
        self._group.close()

    def _wait(self, to: int, turn: RunTurn, known: Collection[str]) -> None:
        """Wait until exactly *to* serve; raise `ScalingFailed` if AWS can't bring that about."""
        seen = set(known)
        while not is_reached(state := self._group.state(), to):
            fresh = {key: said for key, said in self._group.failures().items() if key not in seen}
            for said in fresh.values():
                turn.say(Message("capacity-scalers.activity-failed", said=plain(said[:_LONGEST_SAID])))
            seen |= fresh.keys()
            if fresh and len(seen) - len(known) >= _MOST_FAILED:
                raise stuck(state, to, plain(next(iter(fresh.values()))[:_LONGEST_SAID]), retry=True)
            if state.desired != to:
                raise stuck(state, to, Message("capacity-scalers.somebody-ordered", count=state.desired))
            turn.progress(
                100 * min(state.serving, to) / max(to, 1),
                Message("capacity-scalers.in-service", serving=state.serving, to=to),
            )
            self._pause(turn, state, to)

    def _pause(self, turn: RunTurn, state: GroupState, to: int) -> None:
        end = time.monotonic() + self._look
        while time.monotonic() < end:
            if (reason := turn.why_stop()) is not None:
                raise stuck(state, to, Message("capacity-scalers.stopped", reason=reason), retry=True)
            time.sleep(min(0.2, self._look))


def is_reached(state: GroupState, to: int) -> bool:
    """Return whether the group is *to* large, and all of it serves. Pure."""
    return state.desired == to and state.serving == to == state.present


def require(state: GroupState, to: int, name: str) -> None:
    """Raise `ScalingFailed` if the group can't be brought to *to*. Pure."""
    if state.is_deleted:
        raise ScalingFailed(
            Message("capacity-scalers.group-is-deleted", name=name),
            hint=Message("capacity-scalers.check-group-and-region"),
        )
    if to > state.most or to < state.least:
        said = Message("capacity-scalers.outside-sizes", name=name, to=to, least=state.least, most=state.most)
        raise ScalingFailed(said, hint=Message("capacity-scalers.change-the-sizes"))
    if stopped := stopped_for(state, to):
        said = Message("capacity-scalers.suspended", name=name, processes=stopped)
        raise ScalingFailed(said, hint=Message("capacity-scalers.resume", name=name))


def stopped_for(state: GroupState, to: int) -> Sequence[str]:
    """Return the suspended processes without which the group does not get to *to*. Pure."""
    needed: tuple[str, ...] = ()
    if to > state.present:
        needed = ("Launch", "AddToLoadBalancer")
    elif to < state.present:
        needed = ("Terminate",)
    return [each for each in needed if each in state.suspended]


def stuck(state: GroupState, to: int, why: Message, *, retry: bool = False) -> ScalingFailed:
    """Return the failure that says what is there now. Pure."""
    said = Message(
        "capacity-scalers.not-reached",
        to=to,
        desired=state.desired,
        serving=state.serving,
        why=why or NOTHING,
    )
    return ScalingFailed(said, hint=Message("capacity-scalers.aws-goes-on", to=to), retry=retry)
