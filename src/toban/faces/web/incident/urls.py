"""Incidents: which there are, each with its clocks, timeline, report and measures, and users' reports."""

from django.urls import path

from toban.faces.web.incident import declaring, incident, incidents, papers, reported, timeline

urlpatterns = [
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/declare", declaring.declare, name="incident-declare"),
    path("incidents/<int:pk>", incident.incident, name="incident"),
    path("incidents/<int:pk>/timeline", timeline.timeline, name="incident-timeline"),
    path("incidents/<int:pk>/timeline.<str:form>", timeline.export, name="incident-timeline-export"),
    path("incidents/<int:pk>/timeline/<int:entry>", timeline.entry, name="incident-entry"),
    path("incidents/reports/<int:pk>.<str:form>", papers.paper, name="incident-report"),
    path("report/", reported.report, name="report"),
]
