"""Capacity: what is used, when it is full, and how groups scale."""

from django.urls import path

from toban.faces.web.capacity import capacity, patch, replay, resource

urlpatterns = [
    path("capacity/", capacity.capacity, name="capacity"),
    path("capacity/patch/", patch.patch, name="capacity-patch"),
    path("capacity/resource/", resource.resource, name="capacity-resource"),
    path("capacity/replay/", replay.replay, name="capacity-replay"),
]
