"""Releases: what serves, what is planned, and the way back."""

from django.urls import path

from toban.faces.web.release import proof, release, releases

urlpatterns = [
    path("releases/", releases.releases, name="releases"),
    path("releases/plan/", releases.plan, name="release-plan"),
    path("releases/<int:pk>/", release.release, name="release"),
    path("releases/<int:pk>/part/", release.part, name="release-part"),
    path("releases/<int:pk>/certificate/", proof.certificate, name="release-certificate"),
]
