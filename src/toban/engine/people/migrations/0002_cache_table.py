from django.core.management import call_command
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def make(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Create the table of the shared cache: lock-outs must apply in every process, and survive restarts."""
    call_command("createcachetable", database=editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
