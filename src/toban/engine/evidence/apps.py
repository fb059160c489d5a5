"""The evidence ledger as a Django app."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """The append-only ledger and clause status."""

    name = "toban.engine.evidence"
    label = "evidence"
