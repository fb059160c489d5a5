"""The documents of chapter 12 as a Django app."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """What stands where documents are kept, and who has read them."""

    name = "toban.chapters.documents"
    label = "documents"
