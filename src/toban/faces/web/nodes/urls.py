"""The nodes."""

from django.urls import path

from toban.faces.web.nodes import nodes

urlpatterns = [path("nodes/", nodes.nodes, name="nodes")]
