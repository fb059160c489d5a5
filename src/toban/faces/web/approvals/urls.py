"""Approvals."""

from django.urls import path

from toban.faces.web.approvals import approvals

urlpatterns = [
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/<int:pk>", approvals.lead, name="approval"),
]
