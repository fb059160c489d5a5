"""The look at the life-cycle rules of every bucket that a measure is about."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from toban.chapters.cost.lifecycles.rules import GLACIER, Rule, WantedMove, compare, proposed
from toban.chapters.cost.models import LifecycleLook
from toban.chapters.cost.plan import BoundLifecycle, CostPlan
from toban.engine.evidence.verdict import Verdict
from toban.engine.rows.judgement import Judgement
from toban.message import NOTHING, Message, message_of

_EVERY = timedelta(hours=1)
_OLDEST = timedelta(hours=25)
"""Rules that were read longer ago say nothing about today."""

log = structlog.get_logger(__name__)


def wanted_of(bound: BoundLifecycle) -> WantedMove:
    """Return what the measure wants."""
    config = bound.config
    classes = (config.storage_class,) if config.storage_class else GLACIER
    return WantedMove(config.prefix, max(config.after.days, 1), classes)


def look(plan: CostPlan, now: datetime) -> None:
    """Read the rules of every bucket that was not read for a while."""
    kept = LifecycleLook.objects.in_bulk()
    for bound in plan.lifecycles:
        state = kept.pop(bound.row.name, None) or LifecycleLook(measure=bound.row.name)
        if state.looked_at is None or now - state.looked_at >= _EVERY or state.place != place_of(bound):
            _look(bound, state, now)
    LifecycleLook.objects.filter(measure__in=list(kept)).delete()


def _look(bound: BoundLifecycle, state: LifecycleLook, now: datetime) -> None:
    # Imported here: AWS's client takes 10 MB of each process, and most designs have no bucket.
    from toban.chapters.cost.lifecycles.bucket import RulesUnknown, read  # noqa: PLC0415

    if state.place != place_of(bound):
        state.place, state.rules, state.read_at = place_of(bound), [], None
    state.looked_at = now
    try:
        state.rules, state.read_at, state.trouble = list(map(dict, read(bound))), now, NOTHING
    except RulesUnknown as unknown:
        state.trouble = message_of(unknown)
    except Exception as error:
        log.exception("lifecycle_look_failed", measure=bound.row.name)
        state.trouble = message_of(error)
    state.save()


def place_of(bound: BoundLifecycle) -> str:
    """Return where the rules are kept."""
    return f"{bound.config.endpoint or bound.config.region} s3://{bound.config.bucket}"[:300]


def judged(bound: BoundLifecycle, now: datetime) -> Judgement:
    """Return the verdict on the measure, by the rules that were read last."""
    state = LifecycleLook.objects.filter(measure=bound.row.name).first()
    if state is None:
        # A minute after the first start they have been: nobody need be told.
        return Judgement(Verdict.NOT_DUE, Message("lifecycles.not-read-yet"))
    if state.read_at is None or now - state.read_at > _OLDEST:
        return Judgement(Verdict.NOT_MEASURABLE, state.trouble or Message("lifecycles.not-read-yet"))
    wanted = wanted_of(bound)
    found = compare(state.rules, wanted)
    place = f"s3://{bound.config.bucket}/{wanted.prefix}"
    proof = {"bucket": bound.config.bucket, "rule": found.rule, "read_at": state.read_at.isoformat()}
    if not found.wrong:
        said = Message("lifecycles.moves", place=place, rule=found.rule, days=found.days)
        return Judgement(Verdict.CONFORMING, said, proof=proof)
    place = f"{place} ({found.rule})" if found.rule else place
    said = Message("lifecycles.differs", place=place, differences=tuple(found.wrong))
    return Judgement(Verdict.DEVIATING, said, proof=proof)


def proposals(lifecycles: Sequence[BoundLifecycle]) -> Mapping[str, Sequence[Rule]]:
    """Return what the rules of each bucket would have to be, if they are known and not as they should be."""
    looks = LifecycleLook.objects.exclude(read_at=None).in_bulk([each.row.name for each in lifecycles])
    found: dict[str, Sequence[Rule]] = {}
    for each in lifecycles:
        if (state := looks.get(each.row.name)) is None:
            continue
        # What one measure proposes for a bucket must not take back what another does: S3 replaces all rules.
        rules, wanted = found.get(each.config.bucket, state.rules), wanted_of(each)
        if compare(rules, wanted).wrong:
            found[each.config.bucket] = proposed(rules, wanted)
    return found
