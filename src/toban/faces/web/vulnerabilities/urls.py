"""Vulnerabilities: what scans found."""

from django.urls import path

from toban.faces.web.vulnerabilities import vulnerabilities

urlpatterns = [path("vulnerabilities/", vulnerabilities.vulnerabilities, name="vulnerabilities")]
