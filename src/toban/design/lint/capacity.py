"""Chapter 9: use, limit and utilisation of a resource against each other."""

from collections.abc import Iterator

from toban.design.clauses.capacity import ResourceUsage
from toban.design.finding import FindingLevel
from toban.design.lint.measures import comparable
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import number
from toban.message import Message


@rule("CP001", FindingLevel.WARNING)
def utilisation_does_not_fit_use(on: Inspection) -> Iterator[Remark]:
    """The stated utilisation does not match use and limit."""
    for resource in on.of(ResourceUsage):
        if resource.used is None or resource.limit is None or resource.utilisation is None:
            continue
        pair = comparable(resource.used, resource.limit)
        if pair is None or not pair[1] or resource.utilisation.unit != "%":
            continue
        computed = pair[0] / pair[1] * 100
        # Documents round to whole percents.
        if abs(computed - resource.utilisation.value) <= 1:
            continue
        yield Remark.on(
            resource,
            Message(
                "design.utilisation-does-not-fit",
                resource=resource.resource,
                written=number(resource.utilisation.value),
                computed=number(round(computed, 1)),
            ),
            Message("design.utilisation-does-not-fit-hint"),
        )
