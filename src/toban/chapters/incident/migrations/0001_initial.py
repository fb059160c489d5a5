import django.db.models.deletion
from django.db import migrations, models

import toban.engine.message_field


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("notify", "0013_change_postings"),
        ("runs", "0011_modes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "title",
                    toban.engine.message_field.MessageField(
                        blank=True, default=toban.engine.message_field.nothing
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("alert", "Alert"),
                            ("person", "Person"),
                            ("report", "Report"),
                            ("drill", "Drill"),
                        ],
                        max_length=16,
                    ),
                ),
                ("level", models.CharField(blank=True, max_length=100)),
                ("clause_id", models.CharField(blank=True, max_length=300)),
                ("document_digest", models.CharField(max_length=64)),
                ("proposed", models.CharField(blank=True, max_length=100)),
                (
                    "why",
                    toban.engine.message_field.MessageField(
                        blank=True, default=toban.engine.message_field.nothing
                    ),
                ),
                ("respond_by", models.DateTimeField(null=True)),
                ("recover_by", models.DateTimeField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("confirmed_by", models.CharField(blank=True, max_length=150)),
                ("targets", models.JSONField(default=list)),
                ("began_at", models.DateTimeField()),
                ("detected_at", models.DateTimeField()),
                ("responded_at", models.DateTimeField(null=True)),
                ("responded_by", models.CharField(blank=True, max_length=150)),
                ("recovered_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("closed_by", models.CharField(blank=True, max_length=150)),
                ("steps_left", models.JSONField(default=list)),
                ("commander", models.CharField(blank=True, max_length=150)),
                ("scribe", models.CharField(blank=True, max_length=150)),
                ("is_drill", models.BooleanField(default=False)),
                ("is_public", models.BooleanField(default=False)),
                ("public_note", models.TextField(blank=True)),
                ("updated_at", models.DateTimeField()),
                (
                    "merged_into",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="incident.incident",
                    ),
                ),
                (
                    "recurs",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recurrences",
                        to="incident.incident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GameDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("pattern", models.CharField(max_length=200)),
                ("clause_id", models.CharField(max_length=300)),
                ("document_digest", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Running"), ("passed", "Passed"), ("failed", "Failed")],
                        default="running",
                        max_length=16,
                    ),
                ),
                ("broken_at", models.DateTimeField()),
                ("times", models.JSONField(default=dict)),
                ("checks", models.JSONField(default=list)),
                ("evidence_sequence", models.PositiveBigIntegerField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "said",
                    toban.engine.message_field.MessageField(
                        blank=True, default=toban.engine.message_field.nothing
                    ),
                ),
                (
                    "run",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="game_day",
                        to="runs.run",
                    ),
                ),
                (
                    "incident",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="game_day",
                        to="incident.incident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IncidentAlert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("joined_at", models.DateTimeField()),
                ("joined_by", models.CharField(blank=True, max_length=150)),
                ("reason", models.CharField(blank=True, max_length=16)),
                (
                    "alert",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incident_link",
                        to="notify.alert",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="joined",
                        to="incident.incident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IncidentReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("preliminary", "Preliminary"), ("final", "Final")], max_length=16
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("asked", "Asked"), ("approved", "Approved")],
                        default="draft",
                        max_length=16,
                    ),
                ),
                ("version", models.PositiveSmallIntegerField()),
                ("answers", models.JSONField(default=dict)),
                ("figures", models.JSONField(default=dict)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(null=True)),
                ("approved_by", models.CharField(blank=True, max_length=300)),
                ("drafted_by", models.CharField(blank=True, max_length=150)),
                ("writers", models.JSONField(default=list)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reports",
                        to="incident.incident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LevelChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("level", models.CharField(max_length=100)),
                ("clause_id", models.CharField(max_length=300)),
                ("respond_by", models.DateTimeField(null=True)),
                ("recover_by", models.DateTimeField(null=True)),
                ("by", models.CharField(blank=True, max_length=150)),
                (
                    "reason",
                    toban.engine.message_field.MessageField(
                        blank=True, default=toban.engine.message_field.nothing
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="levels",
                        to="incident.incident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PreventionMeasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("words", models.TextField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("change", "Change"),
                            ("row", "Row"),
                            ("batch", "Batch"),
                            ("exception", "Exception"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reference", models.CharField(max_length=500)),
                ("owner", models.CharField(max_length=150)),
                ("due_on", models.DateField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.CharField(max_length=150)),
                ("kept_at", models.DateTimeField(null=True)),
                (
                    "proof",
                    toban.engine.message_field.MessageField(
                        blank=True, default=toban.engine.message_field.nothing
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("withdrawn_by", models.CharField(blank=True, max_length=150)),
                ("withdrawn_because", models.TextField(blank=True)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="measures",
                        to="incident.incident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RemedyUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("remedy", models.CharField(max_length=200)),
                ("clause_id", models.CharField(max_length=300)),
                ("target", models.CharField(max_length=200)),
                ("wanted_at", models.DateTimeField()),
                (
                    "said",
                    toban.engine.message_field.MessageField(
                        blank=True, default=toban.engine.message_field.nothing
                    ),
                ),
                (
                    "effect",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("recovered", "Recovered"),
                            ("no-effect", "No Effect"),
                            ("worse", "Worse"),
                            ("not-run", "Not Run"),
                        ],
                        default="pending",
                        max_length=16,
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                ("took", models.FloatField(null=True)),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remedies",
                        to="notify.alert",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="remedies",
                        to="incident.incident",
                    ),
                ),
                (
                    "run",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remedy_use",
                        to="runs.run",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StageDone",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("step", models.PositiveSmallIntegerField()),
                ("words", models.CharField(max_length=300)),
                ("at", models.DateTimeField()),
                ("by", models.CharField(blank=True, max_length=150)),
                (
                    "said",
                    toban.engine.message_field.MessageField(
                        blank=True, default=toban.engine.message_field.nothing
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stages",
                        to="incident.incident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TimelineEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=16)),
                ("at", models.DateTimeField()),
                (
                    "said",
                    toban.engine.message_field.MessageField(
                        blank=True, default=toban.engine.message_field.nothing
                    ),
                ),
                ("by", models.CharField(blank=True, max_length=150)),
                ("url", models.TextField(blank=True)),
                ("is_hidden", models.BooleanField(default=False)),
                ("is_amended", models.BooleanField(default=False)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="timeline",
                        to="incident.incident",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TimelineEdit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("by", models.CharField(max_length=150)),
                (
                    "said",
                    toban.engine.message_field.MessageField(
                        blank=True, default=toban.engine.message_field.nothing
                    ),
                ),
                ("happened_at", models.DateTimeField()),
                ("was_hidden", models.BooleanField()),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="edits",
                        to="incident.timelineentry",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(condition=models.Q(("closed_at", None)), fields=["id"], name="incident_open"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["clause_id", "detected_at"], name="incident_level"),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["detected_at"], name="incident_detected"),
        ),
        migrations.AddConstraint(
            model_name="incidentreport",
            constraint=models.UniqueConstraint(fields=("incident", "kind", "version"), name="report_version"),
        ),
        migrations.AddIndex(
            model_name="preventionmeasure",
            index=models.Index(
                condition=models.Q(("withdrawn_at", None)), fields=["due_on"], name="measure_due"
            ),
        ),
        migrations.AddIndex(
            model_name="remedyuse",
            index=models.Index(fields=["remedy", "target", "wanted_at"], name="remedy_lately"),
        ),
        migrations.AddIndex(
            model_name="remedyuse",
            index=models.Index(fields=["clause_id", "wanted_at"], name="remedy_row"),
        ),
        migrations.AddConstraint(
            model_name="remedyuse",
            constraint=models.UniqueConstraint(fields=("remedy", "alert"), name="once_per_alert"),
        ),
        migrations.AddConstraint(
            model_name="stagedone",
            constraint=models.UniqueConstraint(fields=("incident", "words"), name="stage_once"),
        ),
        migrations.AddIndex(
            model_name="timelineentry",
            index=models.Index(fields=["incident", "at", "id"], name="timeline_order"),
        ),
        migrations.AddConstraint(
            model_name="timelineentry",
            constraint=models.UniqueConstraint(fields=("incident", "key"), name="gathered_once"),
        ),
    ]
