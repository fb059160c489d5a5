"""Keeps between which lists an account went: what nobody saw in time need not be late."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def gone(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    """Take the moment at which an account was seen to be gone; until when it was there nobody noted."""
    apps.get_model("accounts", "AccessRemoval").objects.update(gone_at=F("ended_at"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_claims")]

    operations = [
        *(
            migrations.AddField(model_name="accessremoval", name=name, field=models.DateTimeField(null=True))
            for name in ("shown_at", "gone_at")
        ),
        migrations.RunPython(gone, migrations.RunPython.noop),
    ]
