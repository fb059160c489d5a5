"""Reviews are tasks: their sign-offs are in the run ledger, and those of before stay in the evidence."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = (("errors", "0004_findable"),)
    operations = (migrations.DeleteModel("ErrorReview"),)
