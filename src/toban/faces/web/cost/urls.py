"""Costs of chapter 11."""

from django.urls import path

from toban.faces.web.cost import cost

urlpatterns = [path("cost/", cost.cost, name="cost")]
"""One page: the month against its budgets."""
