"""Keeps whose shell made a token: in whose name, they chose."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def name_makers(apps: Apps, _schema: BaseDatabaseSchemaEditor) -> None:
    """Find in the evidence who made the tokens so far: those of commands came from no address."""
    entries = apps.get_model("evidence", "LedgerEntry").objects.order_by("sequence")
    made = entries.filter(kind="audit", content__event="token-made").values_list("content", "actor")
    makers = {(content["operator"], content["token"]): (content["address"], by) for content, by in made}
    for token in apps.get_model("tokens", "ApiToken").objects.select_related("operator"):
        address, token.shell_user = makers.get((token.operator.username, token.name), ("?", ""))
        if not address:
            token.save(update_fields=["shell_user"])


class Migration(migrations.Migration):
    dependencies = [
        ("tokens", "0002_signed_requests"),
        ("evidence", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="shell_user",
            field=models.CharField(blank=True, default="", max_length=150),
            preserve_default=False,
        ),
        migrations.RunPython(name_makers, migrations.RunPython.noop),
    ]
