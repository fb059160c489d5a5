"""Approvals."""

from django.urls import path

from toban.faces.web.approvals import answer, approvals

urlpatterns = [
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<int:pk>", answer.approval, name="approval"),
]
