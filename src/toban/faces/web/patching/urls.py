"""Patches: the plan, and how each host stands."""

from django.urls import path

from toban.faces.web.patching import patches

urlpatterns = [path("patches/", patches.patches, name="patches")]
