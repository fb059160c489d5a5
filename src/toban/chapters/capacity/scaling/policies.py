"""What a provider does about a group by itself, compared with the row."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from toban.chapters.capacity.plan import Group
from toban.chapters.capacity.scaler import GroupSize, HasPolicies, ProviderPolicy, Scaler
from toban.engine.amounts import length
from toban.message import NOTHING, Message

_ROUNDING = 0.01


def wrong_of(group: Group, scaler: Scaler, size: GroupSize) -> Message:
    """Ask the provider of *group*, if it can scale by itself, and return what is wrong; see `why_wrong`.

    Raises `ScalingFailed`.
    """
    theirs = scaler.policies() if isinstance(scaler, HasPolicies) else ()
    most = None if group.is_ours else size.most
    return why_wrong(group, theirs, most=most)


def why_wrong(group: Group, theirs: Sequence[ProviderPolicy], *, most: int | None = None) -> Message:
    """Return what is wrong about the policies of the provider of *group*; nothing if all is as it should be.

    Where Toban scales, the provider must not; where the provider does, one of its policies must say what
    the row says, and it must not grow beyond what the document allows: *most* is the provider's limit.
    """
    active = [each for each in theirs if each.is_active]
    if group.is_ours:
        names = tuple(each.name for each in active)
        return Message("capacity.both-scale", names=names, group=group.name) if names else NOTHING
    if not active:
        off = tuple(each.name for each in theirs)
        return Message("capacity.policy-is-off", names=off) if off else Message("capacity.no-policy")
    differences = [(each, tuple(_differences(group, each))) for each in active]
    policy, least = min(differences, key=lambda each: len(each[1]))
    if least:
        return Message("capacity.policy-differs", name=policy.name, differences=least)
    if most is not None and group.most is not None and most > group.most:
        return Message("capacity.provider-allows-more", real=most, stated=group.most)
    return NOTHING


def _differences(group: Group, policy: ProviderPolicy) -> Iterator[Message]:
    if policy.metric is not group.metric:
        yield Message("capacity.other-metric", stated=group.metric.label)
    if policy.limit is None or abs(policy.limit - group.limit) > _ROUNDING:
        yield Message("capacity.other-value", stated=_figure(group.limit), real=_figure(policy.limit))
    if policy.sustained != group.sustained:
        yield Message("capacity.other-time", stated=length(group.sustained), real=_time(policy.sustained))
    if policy.step != group.step:
        yield Message("capacity.other-step", stated=group.step, real=_figure(policy.step))
    bound, real = group.config.cool_down, policy.cool_down
    if bound is not None and real is not None and real != bound:
        yield Message("capacity.other-cool-down", stated=length(bound), real=length(real))


def _figure(value: float | None) -> Message | str:
    return Message("capacity.none-stated") if value is None else f"{value:g}"


def _time(value: timedelta | None) -> Message:
    return Message("capacity.none-stated") if value is None else length(value)
