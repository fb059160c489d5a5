"""Incidents, each with its clocks, timeline, report and measures; game days; users' reports."""

from django.urls import path

from toban.faces.web.incident import declaring, game_days, incident, incidents, papers, reported, timeline

urlpatterns = [
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/declare", declaring.declare, name="incident-declare"),
    path("incidents/game-days/", game_days.game_days, name="game-days"),
    path("incidents/game-days/hold", game_days.hold, name="game-day-hold"),
    path("incidents/game-days/<int:pk>", game_days.game_day, name="game-day"),
    path("incidents/game-days/<int:pk>.pdf", game_days.certificate, name="game-day-certificate"),
    path("incidents/<int:pk>", incident.incident, name="incident"),
    path("incidents/<int:pk>/timeline", timeline.timeline, name="incident-timeline"),
    path("incidents/<int:pk>/timeline.<str:form>", timeline.export, name="incident-timeline-export"),
    path("incidents/<int:pk>/timeline/<int:entry>", timeline.entry, name="incident-entry"),
    path("incidents/reports/<int:pk>.<str:form>", papers.paper, name="incident-report"),
    path("report/", reported.report, name="report"),
]
