"""Approvals as a Django app."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Requests for approval, their answers, delegations, and what went ahead without approval."""

    name = "toban.engine.approvals"
    label = "approvals"
