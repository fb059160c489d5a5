"""Run by the code of a former version: leaves what that version keeps in its state database."""

import os
from datetime import UTC, datetime
from importlib.util import find_spec

os.environ["DJANGO_SETTINGS_MODULE"] = "toban.settings"

import django

django.setup()

from toban.chapters.monitoring.models import MonitorState  # noqa: E402
from toban.engine.evidence import ledger  # noqa: E402
from toban.engine.evidence.models import LedgerEntry  # noqa: E402
from toban.engine.notify.models import Alert  # noqa: E402
from toban.engine.runs.models import Run  # noqa: E402

NOON = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
ROW = "monitoring/monitor/Web/CPU使用率"
has_labels = "labels" in {each.name for each in Alert._meta.get_fields()}

MonitorState.objects.create(
    clause_id=ROW, instance="web-1", condition="critical", began_at=NOON, reason="measured", value=92.0
)
Alert.objects.create(
    key=f"{ROW}/web-1" if has_labels else ROW,
    clause_id=ROW, citation="運用設計書.md:6", clause_text="CPU", subject="Web の CPU使用率",
    condition="critical", value="92%", limit="85%", advice="", began_at=NOON, opened_at=NOON, changed_at=NOON,
    **({"labels": {"target": "Web", "item": "cpu", "instance": "web-1"}} if has_labels else {}),
)  # fmt: skip
Run.objects.create(
    work="batch/B001", due_at=NOON, clause_id="batch/B001", document_digest="d", ordered_by="schedule",
    state="done", reason="done", note="30 rows", wake_at=NOON, began_at=NOON, ended_at=NOON,
)  # fmt: skip
if find_spec("toban.chapters.backup"):
    from toban.chapters.backup.models import Backup

    Backup.objects.create(
        subject="DB", label="20261125T120000Z", clause_id="backup/DB", method="full", engine="pg_dump",
        engine_version="18", server_version="18", system_id="7", store="S3", started_at=NOON, ended_at=NOON,
        restorable_to=NOON, verified_at=NOON,
    )  # fmt: skip
ledger.append(
    *(ledger.Record(LedgerEntry.Kind.VERDICT, {"number": number, "値": 0.1}) for number in range(20)),
    now=NOON,
)
