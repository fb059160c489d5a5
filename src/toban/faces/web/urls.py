"""The addresses of the pages."""

from allauth.account import views as account
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from toban.faces.web import away
from toban.faces.web.calendar import feed
from toban.faces.web.calendar import pages as calendar
from toban.faces.web.document import assumptions, look_back, reading, version
from toban.faces.web.document import pages as document


def gone(request: HttpRequest) -> HttpResponse:
    """Return 404 for what allauth offers and Toban does not: a manager makes accounts."""
    del request
    return HttpResponse(status=404)


handler500 = away.failed

urlpatterns = [
    path("", document.document, name="document"),
    path("version", version.version, name="version"),
    path("version/past", look_back.past, name="version-past"),
    path("rows/<str:digest>/<int:group>", document.rows, name="rows"),
    path("figures", document.figures, name="figures"),
    path("sparklines", document.sparklines, name="sparklines"),
    path("clauses/<path:clause_id>/series", document.series, name="series"),
    path("clauses/<path:clause_id>", document.evidence, name="evidence"),
    path("assumptions/", assumptions.assumptions, name="assumptions"),
    path("reading/", reading.reading, name="reading"),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/feed", feed.subscription, name="subscription"),
    path("calendar.ics", feed.feed, name="feed"),
    path("duty.ics", feed.duty_feed, name="duty-feed"),
    path("tasks.ics", feed.task_feed, name="task-feed"),
    *(path("", include(each.pages)) for each in settings.PARTS.extensions if each.pages),
    path(settings.API_PATH.lstrip("/"), include("toban.faces.api.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    # Only the parts of allauth that Toban offers: no mail is sent for accounts, a manager gives a new
    # password instead.
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/inactive/", account.account_inactive, name="account_inactive"),
    path("accounts/reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    # allauth's sign-in form needs this address.
    path("accounts/signup/", gone, name="account_signup"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
]
