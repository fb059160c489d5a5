"""Accounts of all systems, and those who leave."""

from django.urls import path

from toban.faces.web.accounts import accounts, leavers, suspicions

urlpatterns = [
    path("accounts-of-systems/", accounts.accounts, name="accounts"),
    path("accounts-of-systems/decide/", accounts.decide, name="decide-account"),
    path("suspicions/", suspicions.suspicions, name="suspicions"),
    path("leavers/", leavers.leavers, name="leavers"),
]
