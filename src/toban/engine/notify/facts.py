"""What a person is shown about alerts before a task is signed off."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from toban.design.clauses.routine import Routine
from toban.engine.extension import Link
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition
from toban.engine.tasks.facts import TaskFact, TaskOccasion
from toban.message import Message

_LOOK = re.compile(
    r"(?:アラート|監視|ダッシュボード|alert|monitor|dashboard).*(?:確認|点検|チェック|レビュー|check|review|look)"
    r"|(?:check|review|look).*(?:alert|monitor|dashboard)",
    re.IGNORECASE,
)


def of_alerts(occasion: TaskOccasion, _now: datetime) -> Sequence[TaskFact]:
    """Return the alerts since the task was last due, if it is a look at them (監視ダッシュボード確認)."""
    row = occasion.clause
    if not isinstance(row, Routine) or not _LOOK.search(row.name):
        return ()
    alerts = Alert.objects.exclude(condition=Condition.INFO)
    opened = alerts.filter(opened_at__gte=occasion.since, opened_at__lt=occasion.due_at)
    counts = Counter(opened.values_list("condition", flat=True))
    is_over = Q(resolved_at__isnull=False, resolved_at__lt=occasion.due_at)
    ongoing = alerts.filter(opened_at__lt=occasion.due_at).exclude(is_over).count()
    return (
        TaskFact(
            Message("notify.fact-alerts"),
            Message(
                "notify.fact-counts",
                all=counts.total(),
                critical=counts[Condition.CRITICAL],
                warning=counts[Condition.WARNING],
                no_data=counts[Condition.NO_DATA],
                ongoing=ongoing,
            ),
            is_exception=ongoing > 0 or counts[Condition.CRITICAL] > 0,
            link=Link("alerts", Message("notify.alerts"), query="state=over"),
        ),
    )
