"""Documents of chapter 12: the list, and each one to read."""

from django.urls import path

from toban.faces.web.documents import documents, reading, written

urlpatterns = [
    path("documents/", documents.documents, name="documents"),
    path("documents/text/", reading.text, name="document-text"),
    path("documents/written/<slug:kind>/", written.written, name="document-written"),
    path("documents/in-view/", reading.in_view, name="document-in-view"),
]
