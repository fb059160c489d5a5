"""Errors of applications."""

from django.urls import path

from toban.faces.web.errors import error, errors, review

urlpatterns = [
    path("errors/", errors.errors, name="errors"),
    path("errors/review/", review.review, name="error-review"),
    path("errors/<int:pk>", error.error, name="error"),
]
