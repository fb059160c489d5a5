"""`toban release`: what would be released, by whose order, how far it is, and the way back."""

import json
from datetime import datetime
from typing import Any

import click
from django.conf import settings

from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.operation import OPERATION
from toban.chapters.release.ordering import orders
from toban.chapters.release.ordering.aborting import abort
from toban.chapters.release.ordering.approval import EFFECT
from toban.chapters.release.ordering.orders import ReleaseOrder
from toban.chapters.release.ordering.planning import Draft, Wish, deployment_named, draft, serving_artifact
from toban.chapters.release.rows.looking import differs
from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.approvals.rules import RequestState
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.faces.cli.acting import account_acting
from toban.faces.cli.kept import edition_of
from toban.faces.cli.period import moment
from toban.faces.cli.release.followed import follow_release, line_of, lines_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import confirm, refuse, say, speak_utf8
from toban.faces.values.release import draft_values, lock_values, release_values
from toban.message import Message

_REFUSED, _ENDED_BADLY = 1, 3
_SHOWN = 20

_AS = click.option("--as", "account", metavar="ACCOUNT", help="The account in Toban that gives this order.")
_YES = click.option("--yes", is_flag=True, help="Don't ask.")
_REASON = click.option(
    "--reason", metavar="WORDS", required=True, help="Why, for those who look at it later."
)
_VERSION = click.option(
    "--version",
    metavar="VERSION",
    default="",
    help="A tag, branch or commit. Default: the newest that may go.",
)
_CAUSE = click.option(
    "--for", "cause", metavar="WORDS", default="", help="For a patch: the incident or error that it mends."
)
_DESPITE = click.option(
    "--despite-freeze", "despite", metavar="WORDS", default="", help="Why in spite of a freeze."
)
_FOLLOW = click.option("--follow", is_flag=True, help="Show how it goes until it has ended.")


@click.group("release", epilog="Example: toban release status")
def command() -> None:
    """Release versions by the document's chapter 5, watch them, and roll them back."""
    speak_utf8()


@command.command("plan", epilog='Example: toban release plan production --at "2026-12-08 20:00" --as alice')
@click.argument("environment")
@_VERSION
@_CAUSE
@_DESPITE
@click.option(
    "--at",
    "written",
    metavar="TIME",
    help="When it begins: 2026-12-08 20:00. Default: on the schedule's next day.",
)
@click.option("--dry-run", is_flag=True, help="Only show what would be released, and what stands against it.")
@_AS
@_YES
@FORMAT
@click.pass_obj
def plan_(parts: Parts, /, written: str | None, **given: Any) -> None:
    """Show what a release to ENVIRONMENT brings and who must approve it, and plan it.

    ENVIRONMENT is the document's name, or that of the table in [deployments].

    \b
    Exit status:
      0  planned, or shown
      1  not possible: unreviewed, not on the environment before, a freeze, another release; not confirmed
      2  nothing runs there, or the state database can't be used
    """
    at = moment(written, "--at") if written is not None else None
    _plan(parts, at, **given)


@command.command("start", epilog='Example: toban release start production --for "incident 12" --as alice')
@click.argument("environment")
@_VERSION
@_CAUSE
@_DESPITE
@_AS
@_YES
@_FOLLOW
@click.pass_obj
def start_(parts: Parts, /, **given: Any) -> None:
    """Release to ENVIRONMENT now, or as soon as it is approved.

    \b
    Exit status:
      0  ordered; with --follow: it serves
      1  not possible, or not confirmed
      2  nothing runs there, or the state database can't be used
      3  with --follow: it ended otherwise
    """
    _plan(parts, None, form="text", dry_run=False, is_now=True, **given)


@command.command("status", epilog="Example: toban release status --format json")
@click.argument("number", type=int, required=False)
@FORMAT
@click.pass_obj
def status_(parts: Parts, number: int | None, form: str) -> None:
    """Show what serves in each environment and the newest releases, or all about release NUMBER.

    \b
    Exit status:
      0  shown
      1  there is no such release
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        if number is not None:
            _show(_release(number), form)
            return
        plan = edition_of(parts).plan(OPERATION)
        newest = list(Release.objects.select_related("artifact", "former").order_by("-pk")[:_SHOWN])
        locks = list(DeploymentLock.objects.order_by("deployment"))
        if form == "json":
            serving = {name: serving_artifact(each) for name, each in plan.deployments.items()}
            told = {
                "serving": {name: each.label if each else None for name, each in serving.items()},
                "locks": [*map(lock_values, locks)],
                "releases": [*map(release_values, newest)],
            }
            say(json.dumps(told, ensure_ascii=False, indent=2))
            return
        for name, each in plan.deployments.items():
            artifact = serving_artifact(each)
            version = artifact.label if artifact else Message("release.nothing-serves")
            say(Message("release.status-serving", name=name, version=version))
            if wrong := differs(each, plan.system.zone):
                say(Message("release.status-differs", said=wrong))
        for lock in locks:
            said = Message("release.is-locked", owner=lock.owner, reason=lock.reason)
            say(Message("release.status-lock", name=lock.deployment, said=said))
        for release in newest:
            say(line_of(release))
        if not plan.deployments:
            say(Message("release.bind-one"))


@command.command("approve", epilog="Example: toban release approve 12 --as bob")
@click.argument("number", type=int)
@click.option("--note", metavar="WORDS", default="", help="A remark for the evidence.")
@_AS
@_YES
@click.pass_obj
def approve_(parts: Parts, number: int, note: str, account: str | None, yes: bool) -> None:
    """Approve release NUMBER, after showing exactly what it is. What can't be undone: only on the page.

    \b
    Exit status:
      0  approved
      1  not possible: not your role, your own order or commit, changed, expired; or not confirmed
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        release = _release(number)
        request = ApprovalRequest.objects.filter(
            subject=orders.subject_name(release), state=RequestState.OPEN
        )
        found = request.order_by("-pk").first()
        if found is None:
            raise NotPossible(Message("release.asks-nobody", number=number), Message("release.see-status"))
        say(found.title)
        for label, value in found.facts_said():
            say(f"  {label}: {value}")
        if not yes:
            confirm(Message("approvals.confirm-approve", role=found.role))
        order = AnswerOrder(found.pk, found.digest, _giver(account), edition_of(parts), note)
        answered = answering.approve(order, (EFFECT,), system_clock())
        say(Message(f"approvals.answered-{answered.state}", number=answered.pk))


@command.command("abort", epilog='Example: toban release abort 12 --reason "another day" --as alice')
@click.argument("number", type=int)
@_REASON
@_AS
@_YES
@click.pass_obj
def abort_(parts: Parts, number: int, reason: str, account: str | None, yes: bool) -> None:
    """Call release NUMBER off; one that is under way is stopped, and what served before serves on.

    \b
    Exit status:
      0  called off
      1  not possible: it is over; a decided rollback, and not your role; or not confirmed
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        say(line_of(_release(number)))
        if not yes:
            confirm(Message("release.confirm-abort", number=number))
        edition = edition_of(parts)
        order = ReleaseOrder(_giver(account), edition, edition.plan(OPERATION))
        abort(number, reason, order, system_clock())
        say(Message("release.aborted", number=number))


@command.command(
    "rollback", epilog='Example: toban release rollback production --reason "checkout fails" --as bob'
)
@click.argument("environment")
@_REASON
@click.option("--detected", metavar="TIME", help="When the trouble was noticed. Default: now.")
@_AS
@_YES
@_FOLLOW
@click.pass_obj
def rollback_(parts: Parts, /, environment: str, **given: Any) -> None:
    """Have ENVIRONMENT serve the version before, at once: whoever holds the row's role decides by this.

    \b
    Exit status:
      0  ordered, or asked for; with --follow: the former version serves
      1  not possible: there is nothing to go back to; or not confirmed
      2  nothing runs there, or the state database can't be used
      3  with --follow: it ended otherwise
    """
    detected = moment(given["detected"], "--detected") if given["detected"] else None
    with usable_state():
        edition = edition_of(parts)
        plan = edition.plan(OPERATION)
        deployment = deployment_named(plan, environment)
        order = ReleaseOrder(_giver(given["account"]), edition, plan)
        undone = orders.to_undo(deployment)
        if not given["yes"]:
            question = Message("release.confirm-rollback", environment=deployment.rule.environment)
            confirm(question)
        release = orders.roll_back(
            deployment,
            given["reason"],
            order,
            system_clock(),
            detected_at=detected,
            shown=undone.pk if undone is not None else None,
        )
        code = "release.rollback-ordered" if release.decided_at else "release.rollback-asked"
        say(Message(code, number=release.pk, version=release.artifact.label))
        _follow(release, wanted=given["follow"])


@command.command("lock", epilog='Example: toban release lock production --reason "stock-taking" --as alice')
@click.argument("environment")
@_REASON
@_AS
@click.pass_obj
def lock_(parts: Parts, environment: str, reason: str, account: str | None) -> None:
    """Keep ENVIRONMENT as it is: releases wait until `toban release unlock`; a rollback does not.

    \b
    Exit status:
      0  locked
      1  not possible: somebody or a release has locked it
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        deployment = deployment_named(edition_of(parts).plan(OPERATION), environment)
        orders.lock(deployment, reason, _giver(account), system_clock())
        say(Message("release.locked", name=deployment.name))


@command.command("unlock", epilog="Example: toban release unlock production --as alice")
@click.argument("environment")
@_AS
@click.pass_obj
def unlock_(parts: Parts, environment: str, account: str | None) -> None:
    """Let releases to ENVIRONMENT go on.

    \b
    Exit status:
      0  unlocked
      1  not possible: it is not locked, or a release holds it
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        deployment = deployment_named(edition_of(parts).plan(OPERATION), environment)
        orders.unlock(deployment, _giver(account), system_clock())
        say(Message("release.unlocked", name=deployment.name))


def _plan(
    parts: Parts,
    at: datetime | None,
    *,
    environment: str,
    version: str,
    cause: str,
    despite: str,
    dry_run: bool,
    account: str | None,
    yes: bool,
    form: str,
    follow: bool = False,
    is_now: bool = False,
) -> None:
    with usable_state():
        edition = edition_of(parts)
        plan = edition.plan(OPERATION)
        now = system_clock()
        wish = Wish(environment, version, now if is_now else at, cause, despite)
        found = draft(edition, plan, wish, home=settings.HOME, now=now)
        _tell_draft(found, form)
        if dry_run:
            return
        _require_possible(found)
        if not yes:
            confirm(Message("release.confirm-plan"))
        release = orders.order_release(found, ReleaseOrder(_giver(account), edition, plan), system_clock())
        if form == "text":
            say(Message("release.planned", number=release.pk, role=found.deployment.rule.approver or "—"))
        _follow(release, wanted=follow)


def _tell_draft(found: Draft, form: str) -> None:
    if form == "json":
        say(json.dumps(draft_values(found), ensure_ascii=False, indent=2))
        return
    for label, value in found.facts:
        say(f"{label}: {value}")
    say(f"{Message('release.fact-planned')}: {Message('release.at', at=found.planned_at.astimezone())}")
    say(f"{Message('release.fact-approver')}: {found.deployment.rule.approver or '—'}")
    for refusal in found.refusals:
        say(f"✕ {refusal.said}")


def _require_possible(found: Draft) -> None:
    if found.refusals:
        refuse(found.refusals[0].said, found.refusals[0].hint)
        raise SystemExit(_REFUSED)


def _show(release: Release, form: str) -> None:
    if form == "json":
        say(json.dumps(release_values(release), ensure_ascii=False, indent=2))
        return
    for each in lines_of(release):
        say(each)


def _follow(release: Release, *, wanted: bool) -> None:
    if wanted and not follow_release(release):
        raise SystemExit(_ENDED_BADLY)


def _release(number: int) -> Release:
    found = Release.objects.select_related("artifact", "former", "undoes").filter(pk=number).first()
    if found is None:
        raise NotPossible(Message("release.no-such-release", number=number), Message("release.see-status"))
    return found


def _giver(name: str | None) -> Giver:
    account = account_acting(name) if name is not None else None
    return Giver(account, ApprovalAnswer.Via.SHELL, shell_user())
