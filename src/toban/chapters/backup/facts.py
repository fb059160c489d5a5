"""What a person is shown about backups before a task is signed off."""

import re
from collections.abc import Sequence
from datetime import datetime

from toban.chapters.backup.drills.sign_off import facts_of
from toban.chapters.backup.models import Backup
from toban.chapters.backup.operation import OPERATION
from toban.chapters.backup.works import Policy
from toban.design.clauses.routine import Routine
from toban.engine.amounts import size
from toban.engine.extension import Link
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.message import Message, plain

_LOOK = re.compile(
    r"(?:バックアップ|backups?).*(?:確認|点検|チェック|check|review)|(?:check|review).*backups?",
    re.IGNORECASE,
)


def facts(occasion: TaskOccasion, _now: datetime) -> Sequence[TaskFact]:
    """Return what came of the drills that the row orders, or of the backups that it looks at."""
    plan, row = occasion.edition.plan(OPERATION), occasion.clause
    subjects = [subject for subject, routine in plan.drills.routines.items() if routine.id == row.id]
    if subjects:
        return facts_of(subjects, occasion.due_at, occasion.edition.bindings)
    if isinstance(row, Routine) and _LOOK.search(row.name):
        return [_of_policy(policy, occasion) for policy in plan.backups.policies if policy.work]
    return ()


def _of_policy(policy: Policy, occasion: TaskOccasion) -> TaskFact:
    row = policy.row
    taken = Backup.objects.filter(
        clause_id=row.id, ended_at__gte=occasion.since, ended_at__lt=occasion.due_at
    ).order_by("-ended_at")
    newest = taken.first()
    label, link = plain(f"{row.subject} {row.method}"), _BACKUPS
    if newest is None:
        return TaskFact(label, Message("backup.fact-none-taken"), is_exception=True, link=link)
    said = Message(
        "backup.fact-newest",
        at=newest.ended_at.astimezone(occasion.edition.bindings.system.zone),
        size=size(newest.stored_bytes),
        count=taken.count(),
        trouble=newest.trouble or Message("backup.fact-no-trouble"),
    )
    return TaskFact(label, said, is_exception=bool(newest.trouble), link=link)


_BACKUPS = Link("backups", Message("backup.page"))
