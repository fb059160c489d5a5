"""What runs on a day, and the history of one work."""

from django.urls import path

from toban.faces.web.batch import batches, history

urlpatterns = [
    path("batches/", batches.batches, name="batches"),
    path("batches/<path:key>", history.batch, name="batch"),
]
