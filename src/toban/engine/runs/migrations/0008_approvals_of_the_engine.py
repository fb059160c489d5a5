"""Approvals become requests of `toban.engine.approvals`; runs know the accounts that ordered them.

The old requests say neither what was shown nor by which accounts runs were ordered. One that is open has no
digest, so its run asks again; an answer stays as history.
"""

from datetime import timedelta
from typing import Any

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from toban.message import plain

_WITHIN = timedelta(hours=24)


def copy_approvals(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Copy every approval, with its answer."""
    requests = apps.get_model("approvals", "ApprovalRequest")
    answers = apps.get_model("approvals", "ApprovalAnswer")
    numbers = _accounts(apps)
    approvals: Any = apps.get_model("runs", "Approval")  # type: ignore[misc] # of an earlier version
    for old in approvals.objects.select_related("run").order_by("pk").iterator():
        state = "superseded" if old.is_superseded else old.answer or "open"
        asked = requests.objects.create(
            subject=f"run/{old.run_id}",
            part=old.step,
            title=plain(f"{old.run.work} {old.step}"),
            page="run",
            page_arguments=[old.run_id],
            clause_id=old.run.clause_id,
            role=old.wanted_of,
            is_time_assumed=True,
            ordered_by=old.run.ordered_by,
            asked_at=old.asked_at,
            expires_at=(old.answered_at or old.asked_at) + _WITHIN,
            valid_for=_WITHIN,
            state=state,
            decided_at=old.answered_at,
        )
        if old.answer:
            answers.objects.create(
                request=asked,
                answer=old.answer,
                account_id=numbers.get(old.answered_by),
                username=old.answered_by,
                answered_at=old.answered_at or old.asked_at,
                note=old.note,
            )


def name_orderers(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Note the account of each open run's orderer: that person must not approve it."""
    numbers = _accounts(apps)
    for run in apps.get_model("runs", "Run").objects.filter(state__in=("waiting", "running")):
        if run.ordered_by in numbers:
            run.orderers = [numbers[run.ordered_by]]
            run.save(update_fields=["orderers"])


def _accounts(apps: Apps) -> dict[str, int]:
    return dict(apps.get_model("people", "Operator").objects.values_list("username", "pk"))


class Migration(migrations.Migration):
    dependencies = (
        ("runs", "0007_timing"),
        ("approvals", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )
    operations = (
        migrations.AddField("plannedwork", "needs_approval", models.BooleanField(default=False)),
        migrations.AddField("run", "orderers", models.JSONField(default=list)),
        migrations.RunPython(copy_approvals, migrations.RunPython.noop),
        migrations.RunPython(name_orderers, migrations.RunPython.noop),
        migrations.RemoveConstraint("approval", "one_question_per_step"),
        migrations.DeleteModel("Approval"),
    )
