"""Tokens of the own account."""

from django.urls import path

from toban.faces.web.tokens import pages

urlpatterns = [path("tokens/", pages.tokens, name="tokens")]
