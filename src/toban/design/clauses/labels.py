"""The operator's words for chapters, kinds of clause and their fields."""

from collections.abc import Mapping

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.message import Message

CHAPTERS: Mapping[Chapter, Message] = {each: Message(f"design.chapter-{each}") for each in Chapter}

KINDS: Mapping[str, Message] = {
    kind: Message(f"design.kind-{kind}")
    for kind in (
        "objective",
        "duty-role",
        "service-hours",
        "maintenance-window",
        "monitor",
        "notification-rule",
        "tool-choice",
        "log-kind",
        "log-format",
        "log-level",
        "backup-policy",
        "backup-procedure",
        "restore-procedure",
        "recovery-objective",
        "deploy-flow",
        "deploy-rule",
        "release-schedule",
        "rollback-procedure",
        "batch",
        "scheduler",
        "batch-retry",
        "batch-watch",
        "incident-level",
        "incident-flow",
        "failure-pattern",
        "security-routine",
        "access-review",
        "account-removal",
        "mfa-rule",
        "password-policy",
        "audit-review",
        "resource-usage",
        "capacity-review",
        "scaling-rule",
        "routine",
        "budget",
        "cost-measure",
        "managed-document",
        "document-rule",
        "decision",
    )
}

# Most fields mean the same in every kind; these don't.
_OWN = frozenset(
    {"log-kind.destination", "monitor.item", "monitor.target", "resource-usage.limit", "service-hours.hours"}
)

# These are read from another field's words, and that field is shown instead.
_DERIVED = frozenset(
    {
        "account-removal.within",
        "batch.on_failure",
        "decision.metrics",
        "decision.place",
        "decision.subject",
        "duty-role.is_placeholder",
        "incident-level.severity",
        "monitor.metric",
        "notification-rule.level",
        "notification-rule.delivery",
        "objective.metric",
        "scaling-rule.trigger",
    }
)


def field_label(clause: type[Clause], field: str) -> Message | None:
    """Return the operator's word for a field of a kind of clause, or None if another field says it."""
    name = f"{clause.kind}.{field}"
    if name in _DERIVED:
        return None
    label = (name if name in _OWN else field).replace(".", "-").replace("_", "-")
    return Message(f"design.field-{label}")
