"""What the evidence holds already becomes part of the change ledger."""

from itertools import batched
from typing import Any

from django.db import migrations

from toban.engine.changes.index import READ, indexed


def bring_in(apps: Any, _schema_editor: object) -> None:
    entries = apps.get_model("evidence", "LedgerEntry").objects.filter(kind__in=READ).order_by("sequence")
    change, subject = apps.get_model("changes", "Change"), apps.get_model("changes", "ChangeSubject")
    for part in batched(entries.iterator(chunk_size=1000), 1000):
        found = [each for each in map(indexed, part) if each is not None]
        change.objects.bulk_create(
            change(entry_id=each.entry, at=each.at, kind=each.kind, actor=each.actor) for each in found
        )
        subject.objects.bulk_create(
            subject(change_id=each.entry, name=name, at=each.at) for each in found for name in each.subjects
        )


class Migration(migrations.Migration):
    dependencies = [("changes", "0001_initial")]

    operations = [migrations.RunPython(bring_in, migrations.RunPython.noop)]
