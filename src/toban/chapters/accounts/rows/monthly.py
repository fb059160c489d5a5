"""Accounts in the monthly report: the rules about access, what had to go, and what reviews decided."""

from collections.abc import Iterator

from django.db.models import Q

from toban.chapters.accounts.models import AccessDecision, AccessRemoval, CollectedAccount
from toban.design.clauses.security import AccessReview, AccountRemoval, AuditReview, MfaRule, PasswordPolicy
from toban.engine.reports.formula import CountOf, Formula, count
from toban.engine.reports.rows import rows_table, verdict_figures
from toban.engine.reports.section import (
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
)
from toban.message import Message, Value

_KINDS = (MfaRule, PasswordPolicy, AccountRemoval, AccessReview, AuditReview)
_IN_TIME, _LATE, _BETWEEN, _OPEN = "in-time", "late", "between", "open"
_REMOVED = {each: Message(f"accounts.monthly-removal-{each}") for each in (_IN_TIME, _LATE, _BETWEEN, _OPEN)}
_GROUNDS = {each.value: Message(f"accounts.monthly-ground-{each.value}") for each in AccessRemoval.Occasion}
_KEPT, _REVOKED = "kept", "revoked"
_DECIDED = {each: Message(f"accounts.monthly-{each}") for each in (_KEPT, _REVOKED)}
_THERE, _GONE, _NEW = "there", "gone", "new"
_STATES = {each: Message(f"accounts.monthly-account-{each}") for each in (_THERE, _GONE)}


def section(occasion: ReportOccasion) -> ReportSection:
    """Return how the rows about access stood, and what happened to accounts in the month."""
    clauses = [each for each in occasion.edition.design.clauses if isinstance(each, _KINDS)]
    rows = rows_table("access-rows", _title("rows"), clauses, occasion)
    if not CollectedAccount.objects.filter(first_seen__lt=occasion.month.cut).exists():
        notes = (Message("accounts.monthly-not-read"),)
        return ReportSection(ReportPart.SECURITY, verdict_figures(rows, "access-rows"), (rows,), notes=notes)
    removals = RawTable("access-removals", _title("removals"), _REMOVALS, tuple(_removals(occasion)))
    decisions = RawTable("access-decisions", _title("decisions"), _DECISIONS, tuple(_decisions(occasion)))
    accounts = RawTable(
        "accounts", _title("accounts"), _ACCOUNTS, tuple(_accounts(occasion)), is_listed=False
    )
    figures = (*verdict_figures(rows, "access-rows"), *_figures(removals, decisions, accounts))
    return ReportSection(ReportPart.SECURITY, figures, (rows, removals, decisions, accounts))


def _title(what: str) -> Message:
    return Message(f"accounts.monthly-table-{what}")


_SYSTEM = RawColumn("system", Message("accounts.monthly-system"))
_ACCOUNT = RawColumn("account", Message("accounts.monthly-account"), is_personal=True)
_REMOVALS = (
    RawColumn("number", Message("reports.column-number")),
    _SYSTEM,
    _ACCOUNT,
    RawColumn("ground", Message("reports.column-reason"), _GROUNDS),
    RawColumn("until", Message("reports.column-until")),
    RawColumn("gone", Message("accounts.monthly-gone")),
    RawColumn("state", Message("reports.column-state"), _REMOVED),
)
_DECISIONS = (
    RawColumn("number", Message("reports.column-number")),
    _SYSTEM,
    _ACCOUNT,
    RawColumn("decision", Message("accounts.monthly-decision"), _DECIDED),
    RawColumn("at", Message("accounts.monthly-decided")),
    RawColumn("by", Message("accounts.monthly-by"), is_personal=True),
    RawColumn("reason", Message("reports.column-reason"), is_personal=True),
)
_ACCOUNTS = (
    RawColumn("number", Message("reports.column-number")),
    _SYSTEM,
    _ACCOUNT,
    RawColumn("seen", Message("accounts.monthly-seen")),
    RawColumn("ended", Message("accounts.monthly-gone")),
    RawColumn("state", Message("reports.column-state"), _STATES),
    RawColumn("is_new", Message("accounts.monthly-new")),
)


def _removals(occasion: ReportOccasion) -> Iterator[tuple[Value, ...]]:
    """Yield what had to be gone by a moment of the month, and surely was the leaver's."""
    month = occasion.month
    due = AccessRemoval.objects.sure().filter(until__gte=month.span[0], until__lt=month.cut)
    for each in due.filter(withdrawn_at=None).order_by("until", "pk"):
        yield (
            each.pk, each.system, each.account, each.ground, occasion.local(each.until),
            occasion.local(each.gone_at or each.ended_at), _state(each),
        )  # fmt: skip


def _state(each: AccessRemoval) -> str:
    if each.is_late:
        return _LATE
    if each.ended_at is None:
        return _OPEN
    return _IN_TIME if each.is_in_time else _BETWEEN


def _decisions(occasion: ReportOccasion) -> Iterator[tuple[Value, ...]]:
    month = occasion.month
    made = AccessDecision.objects.filter(at__gte=month.span[0], at__lt=month.cut)
    for each in made.order_by("at", "pk"):
        yield (
            each.pk, each.system, each.account, _KEPT if each.is_kept else _REVOKED, occasion.local(each.at),
            each.by, each.reason,
        )  # fmt: skip


def _accounts(occasion: ReportOccasion) -> Iterator[tuple[Value, ...]]:
    month = occasion.month
    there = CollectedAccount.objects.filter(Q(ended_at=None) | Q(ended_at__gte=month.span[0]))
    for each in there.filter(first_seen__lt=month.cut).order_by("system", "name", "pk"):
        ended = each.ended_at if month.holds(each.ended_at) else None
        yield (
            each.pk, each.system, each.name, occasion.local(each.first_seen), occasion.local(ended),
            _THERE if ended is None else _GONE, _NEW if month.holds(each.first_seen) else "",
        )  # fmt: skip


def _figures(removals: RawTable, decisions: RawTable, accounts: RawTable) -> Iterator[ReportFigure]:
    wanted: dict[str, tuple[RawTable, Formula]] = {
        "removals": (removals, count("number")),
        **{f"removals-{each}": (removals, CountOf("state", each)) for each in _REMOVED},
        **{f"decisions-{each}": (decisions, CountOf("decision", each)) for each in _DECIDED},
        "there": (accounts, CountOf("state", _THERE)),
        "new": (accounts, CountOf("is_new", _NEW)),
        "gone": (accounts, CountOf("state", _GONE)),
    }
    for key, (table, formula) in wanted.items():
        label = Message(f"accounts.monthly-figure-{key}")
        yield ReportFigure(key=f"access-{key}", label=label, table=table, formula=formula)
