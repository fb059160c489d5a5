"""Backups and drills."""

from django.urls import path

from toban.faces.web.backup import backups

urlpatterns = [
    path("backups/", backups.backups, name="backups"),
    path("backups/<int:pk>", backups.backup, name="backup"),
    path("backups/drills/<int:pk>.pdf", backups.certificate, name="certificate"),
    path("backups/drills/<int:pk>", backups.drill, name="drill"),
]
