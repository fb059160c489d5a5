"""Changes to the state from outside a test.

session, lock, show CLAUSE VERDICT VALUE, storm VERDICT VALUE CLAUSE..., tell CLAUSE [TARGET], arrived,
token NAME, plan WORK, tasks, timeline INCIDENT, hold SECONDS, release.

Each line of standard input is one act, a JSON list of its words; its answer is one line of JSON.
"""

# Django needs its settings before any of its modules is loaded; the result goes to stdout.
# ruff: noqa: PLC0415, T201

import json
import sys

import django


def main() -> None:
    """Do what each line says, and print the result."""
    django.setup()
    for line in sys.stdin:
        print(json.dumps(_act(json.loads(line))), flush=True)


def _act(words: list[str]) -> object:
    from django.db import close_old_connections

    close_old_connections()
    match words:
        case ["session"]:
            return _session("mira", "viewer")
        case ["session", name, role]:
            return _session(name, role)
        case ["token", name]:
            return _token(name)
        case ["plan", work]:
            _plan(work)
        case ["lock"]:
            _lock()
        case ["show", clause, verdict, value]:
            _show([clause], verdict, value)
        case ["storm", verdict, value, *clauses]:
            _show(clauses, verdict, value)
        case ["tell", clause, *target]:
            return _tell(clause, "".join(target))
        case ["arrived", instance]:
            return _arrived(instance)
        case other:
            return _act_beside(other)
    return None


def _act_beside(words: list[str]) -> object:
    match words:
        case ["timeline", incident]:
            return _timeline(int(incident))
        case ["tasks"]:
            return _tasks()
        case ["hold", seconds]:
            _hold(float(seconds))
        case ["release"]:
            _release()
        case other:
            raise SystemExit(f"unknown act: {other}")
    return None


def _tasks() -> list[list[object]]:
    """Make the tasks that are due, as a worker would; return the number of each, and what is shown of it."""
    import os
    from datetime import timedelta
    from pathlib import Path

    from django.conf import settings

    from toban.chapters.routine.operation import OPERATION
    from toban.design.reader import load_design
    from toban.engine.bindings.load import load_bindings
    from toban.engine.clock import system_clock
    from toban.engine.editions.edition import Edition
    from toban.engine.runs import scheduler
    from toban.engine.tasks.lists import listed

    bindings = load_bindings(Path(os.environ["TOBAN_BINDINGS"]), settings.PARTS.schema)
    edition = Edition(load_design(Path(os.environ["TOBAN_DESIGN"])), bindings, settings.PARTS.kinds)
    works, now = edition.plan(OPERATION).works.values(), system_clock()
    scheduler.plan_due(works, now - timedelta(days=1))
    scheduler.plan_due(works, now)
    return [[each.run.pk, each.shown] for each in listed(edition, settings.PARTS, now)]


def _session(name: str, role: str) -> str:
    """Sign in an operator whose account is fully set up, and return the session's key."""
    from allauth.mfa.models import Authenticator
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from toban.engine.clock import system_clock
    from toban.engine.people.models import Operator, OperatorRole

    person = Operator.objects.create_user(
        name,
        password="unused-Kagi-1",
        operator_role=OperatorRole(role),
        password_changed_at=system_clock(),
    )
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _token(name: str) -> str:
    """Return a token of a new developer, with every scope."""
    from datetime import timedelta

    from django.conf import settings

    from toban.engine.clock import system_clock
    from toban.engine.people.models import Operator
    from toban.engine.tokens import service
    from toban.engine.tokens.rules import WantedToken

    _session(name, "developer")
    person, now, scopes = Operator.objects.get(username=name), system_clock(), tuple(settings.PARTS.scopes)
    wanted = WantedToken("test", scopes, now + timedelta(days=1))
    return service.make(person, wanted, scopes, by=name, now=now)


def _plan(work: str) -> None:
    from toban.engine.clock import system_clock
    from toban.engine.runs.models import PlannedWork

    PlannedWork.objects.create(key=work, clause_id="c", rule="", planned_until=system_clock())


def _lock() -> None:
    from toban.engine.people.models import Operator

    Operator.objects.update(is_active=False)


def _show(clauses: list[str], verdict: str, value: str) -> None:
    from toban.engine.clock import system_clock
    from toban.engine.evidence.status import StatusUpdate, show
    from toban.engine.evidence.verdict import Verdict
    from toban.message import plain

    now, said = system_clock(), plain("試験が言うとおりです")
    show([StatusUpdate(each, Verdict(verdict), plain(value), said, now) for each in clauses], now, "digest")


def _timeline(incident: int) -> list[list[str]]:
    """Return the lines of an incident, each with who has written it."""
    from toban.chapters.incident.models import TimelineEntry

    found = TimelineEntry.objects.filter(incident=incident).order_by("pk")
    return [[str(each.said), each.by] for each in found]


def _hold(seconds: float) -> None:
    """Keep everybody else from writing for a while."""
    import time

    from django.db import transaction

    from toban.engine.evidence import ledger

    with transaction.atomic():
        ledger.hold()
        time.sleep(seconds)


def _release() -> None:
    """Withdraw the acknowledgement of every alert."""
    from toban.engine.clock import system_clock
    from toban.engine.notify import orders
    from toban.engine.notify.models import Alert

    for alert in Alert.objects.exclude(acknowledged_at=None):
        orders.release(alert.pk, by="ren", now=system_clock())


def _tell(clause: str, target: str) -> int:
    """Open an alert about *clause*, announce it, and return the announcement's number."""
    from toban.design.values.severity import AlertLevel
    from toban.engine.clock import system_clock
    from toban.engine.notify.alerts import report
    from toban.engine.notify.models import Alert, Announcement
    from toban.engine.notify.signal import Condition, Signal
    from toban.message import plain

    now = system_clock()
    # A separate key: a worker running at the same time would resolve an alert with the clause's own key.
    signal = Signal(
        key=f"{clause}/told{target}", clause_id=clause,
        citation="運用設計書.md:6", clause_text="Web | CPU使用率",
        condition=Condition.CRITICAL, subject=plain("Web CPU使用率"), value=plain("92%"),
        limit=plain("異常 85%以上"),
        began_at=now, detected_at=now, labels={"target": target} if target else {},
    )  # fmt: skip
    report([signal], now)
    alert = Alert.objects.get(key=signal.key)
    told = Announcement.objects.create(
        alert=alert,
        kind="firing",
        condition="critical",
        level=AlertLevel.CRITICAL,
        title="■",
        facts=[],
        at=now,
    )
    told.alerts.add(alert, through_defaults={"kind": "firing", "condition": "critical"})
    return told.pk


def _arrived(instance: str) -> list[list[str]]:
    """Return the pushed values of *instance*, oldest first: the names in each arrival."""
    from toban.chapters.monitoring.models import Arrival

    found = Arrival.objects.filter(instance=instance).order_by("at", "pk")
    return [sorted({name for name, *_ in [*each.series, *each.values]}) for each in found]


if __name__ == "__main__":
    main()
