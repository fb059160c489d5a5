"""Alerts, silences, maintenance and duty."""

from django.urls import path

from toban.faces.web.notify import alert, alerts, duty, silences

urlpatterns = [
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/silences", silences.silences, name="silences"),
    path("alerts/maintenance", silences.maintenance, name="maintenance"),
    path("alerts/<int:pk>", alert.alert, name="alert"),
    path("alerts/<int:pk>/chart", alert.chart, name="alert-chart"),
    path("alerts/<int:pk>/logs", alert.logs, name="alert-logs"),
    path("duty/", duty.duty, name="duty"),
    path("duty/override", duty.override, name="duty-override"),
]
