"""Exceptions."""

from django.urls import path

from toban.faces.web.exceptions import pages

urlpatterns = [
    path("exceptions/", pages.exceptions, name="exceptions"),
    path("exceptions/<int:pk>", pages.exception, name="exception"),
]
