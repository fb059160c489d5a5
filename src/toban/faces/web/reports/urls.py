"""The pages of the monthly reports."""

from django.urls import path

from toban.faces.web.reports import pages

urlpatterns = [
    path("reports/", pages.reports, name="reports"),
    path("reports/logo", pages.logo, name="report-logo"),
    path("reports/<str:month>", pages.report, name="report"),
]
