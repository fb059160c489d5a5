"""Accounts."""

from django.urls import path

from toban.faces.web.people import people

urlpatterns = [
    path("people/", people.operators, name="people"),
    path("people/<int:pk>", people.change, name="person"),
]
