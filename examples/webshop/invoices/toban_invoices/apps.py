"""The numbered invoices as a Django app."""

from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    """Series, invoices, revisions."""

    name = "toban_invoices"
    label = "invoices"
