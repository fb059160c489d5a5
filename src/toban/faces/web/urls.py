"""The addresses of the pages."""

from allauth.account import views as account
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from toban.faces.web.backup import backups
from toban.faces.web.batch import batches, history
from toban.faces.web.calendar import feed
from toban.faces.web.calendar import pages as calendar
from toban.faces.web.document import pages as views
from toban.faces.web.errors import error, errors
from toban.faces.web.errors import review as error_review
from toban.faces.web.logs import (
    download as log_download,
)
from toban.faces.web.logs import (
    logs,
    trace,
    traces,
)
from toban.faces.web.logs import (
    row as log_row,
)
from toban.faces.web.logs import (
    saved as log_saved,
)
from toban.faces.web.notify import alert, alerts, duty, silences
from toban.faces.web.objectives import levels, status
from toban.faces.web.people import people
from toban.faces.web.runs import run as runs


def gone(request: HttpRequest) -> HttpResponse:
    """Answer for what allauth offers and Toban does not: a manager makes accounts."""
    del request
    return HttpResponse(status=404)


urlpatterns = [
    path("", views.document, name="document"),
    path("figures", views.figures, name="figures"),
    path("sparklines", views.sparklines, name="sparklines"),
    path("clauses/<path:clause_id>/series", views.series, name="series"),
    path("clauses/<path:clause_id>", views.evidence, name="evidence"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/silences", silences.silences, name="silences"),
    path("alerts/maintenance", silences.maintenance, name="maintenance"),
    path("alerts/<int:pk>", alert.alert, name="alert"),
    path("alerts/<int:pk>/chart", alert.chart, name="alert-chart"),
    path("alerts/<int:pk>/logs", alert.logs, name="alert-logs"),
    path("batches/", batches.batches, name="batches"),
    path("batches/<path:key>", history.batch, name="batch"),
    path("runs/<int:pk>", runs.run, name="run"),
    path("runs/<int:pk>/log", runs.log, name="run-log"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/feed", feed.subscription, name="subscription"),
    path("calendar.ics", feed.feed, name="feed"),
    path("levels/", levels.levels, name="levels"),
    path("logs/", logs.logs, name="logs"),
    path("logs/histogram", logs.histogram, name="logs-histogram"),
    path("logs/facets", logs.facets, name="logs-facets"),
    path("logs/download", log_download.download, name="logs-download"),
    path("logs/saved", log_saved.keep, name="logs-saved"),
    path("logs/<str:place>", log_row.log_row, name="log-row"),
    path("errors/", errors.errors, name="errors"),
    path("errors/review/", error_review.review, name="error-review"),
    path("errors/<int:pk>", error.error, name="error"),
    path("traces/", traces.routes, name="traces"),
    path("traces/search", traces.search, name="traces-search"),
    path("traces/<str:trace_id>", trace.trace, name="trace"),
    path("traces/<str:trace_id>/<str:span_id>", trace.span, name="span"),
    path("status/", status.page, name="status"),
    path("status/en/", status.page, {"language": "en"}, name="status-en"),
    path("status/status.json", status.machine, name="status-json"),
    path("duty/", duty.duty, name="duty"),
    path("duty/override", duty.override, name="duty-override"),
    path("duty.ics", feed.duty_feed, name="duty-feed"),
    path("backups/", backups.backups, name="backups"),
    path("backups/<int:pk>", backups.backup, name="backup"),
    path("backups/drills/<int:pk>.pdf", backups.certificate, name="certificate"),
    path("backups/drills/<int:pk>", backups.drill, name="drill"),
    path("people/", people.operators, name="people"),
    path("people/<int:pk>", people.change, name="person"),
    path("i18n/", include("django.conf.urls.i18n")),
    # Only what Toban offers of allauth: no mail is sent for accounts, a manager gives a new password instead.
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    # Its sign-in form asks for this address.
    path("accounts/signup/", gone, name="account_signup"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
]
