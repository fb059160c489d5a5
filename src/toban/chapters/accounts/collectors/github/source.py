"""The REST API of GitHub: members, owners, outside collaborators, and who has no second factor.

https://docs.github.com/en/rest/orgs/members
"""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from toban.chapters.accounts.account import AccountList, FoundAccount
from toban.chapters.accounts.collector import AccountsUnknown
from toban.chapters.accounts.collectors.github.config import GithubAccounts
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.network.http import HttpAnswer, Unanswered, new_client, send
from toban.message import Message, message_of

_PER_PAGE = 100
_MOST_PAGES = 100
_OK, _NO_CONTENT, _NOT_FOUND, _UNPROCESSABLE, _FORBIDDEN = 200, 204, 404, 422, 403
_BUSY = 429
_SERVER = 500


class _Api:
    """One organisation, by one token."""

    def __init__(self, config: GithubAccounts, token: Secret) -> None:
        self._config = config
        self._token = token
        self._client = new_client(config.ca_file)
        self._deadline = time.monotonic() + config.timeout

    def answer(self, path: str, method: str = "GET", **query: str | int) -> HttpAnswer:
        """Return the answer to a request about the organisation, or raise `AccountsUnknown`."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise AccountsUnknown(
                Message("accounts.too-slow", seconds=round(self._config.timeout)), retry=True
            )
        place = f"{self._config.url.rstrip('/')}/orgs/{quote(self._config.organization, safe='')}{path}"
        try:
            headers = {
                "authorization": f"Bearer {self._token.reveal()}",
                "accept": "application/vnd.github+json",
                "x-github-api-version": "2022-11-28",
            }
            request = self._client.build_request(method, place, params=query, headers=headers, timeout=left)
            return send(self._client, request, left)
        except (Unanswered, SecretUnavailable, httpx.InvalidURL) as error:
            is_lasting = isinstance(error, SecretUnavailable)
            raise AccountsUnknown(message_of(error), retry=not is_lasting) from error

    def content(self, path: str, **query: str | int) -> Any:
        """Return the JSON of an answer."""
        answer = self.answer(path, "GET", **query)
        if answer.status != _OK:
            raise _refused(answer)
        try:
            return json.loads(answer.body)
        except ValueError as error:
            raise AccountsUnknown(Message("accounts.not-a-list")) from error

    def names(self, path: str, **query: str | int) -> Sequence[str]:
        """Return the logins of all pages of a list."""
        found: list[str] = []
        for page in range(1, _MOST_PAGES + 1):
            part = self.content(path, **query, per_page=_PER_PAGE, page=page)
            if not isinstance(part, list):
                raise AccountsUnknown(Message("accounts.not-a-list"))
            found += [str(each["login"]) for each in part if isinstance(each, Mapping) and each.get("login")]
            if len(part) < _PER_PAGE:
                return found
        raise AccountsUnknown(Message("accounts.too-many", most=_PER_PAGE * _MOST_PAGES))


class OrganizationMembers:
    """One organisation."""

    def __init__(self, config: GithubAccounts) -> None:
        self._config = config

    def read(self, now: datetime) -> AccountList:
        """See `AccountSource`. GitHub tells neither the age of a password nor the last sign-in."""
        api = _Api(self._config, self._config.token)
        needs_factor = api.content("").get("two_factor_requirement_enabled")
        owners = api.names("/members", role="admin")
        members = api.names("/members", role="member")
        outside = api.names("/outside_collaborators")
        without, gaps = self._without_factor(api, needs_factor=needs_factor is True)
        roles = dict.fromkeys(outside, "outside-collaborator") | dict.fromkeys(members, "member")
        roles |= dict.fromkeys(owners, "owner")
        accounts = [
            FoundAccount(
                name=name,
                grants=(role,),
                is_privileged=role == "owner",
                has_factor=None if without is None else name not in without,
            )
            for name, role in sorted(roles.items())
        ]
        return AccountList(accounts, now, None, gaps)

    def _without_factor(
        self, api: _Api, *, needs_factor: bool
    ) -> tuple[Sequence[str] | None, tuple[Message, ...]]:
        """Return who has no second factor; only owners may ask, and need not where all must have it."""
        if needs_factor:
            return (), ()
        answer = api.answer("/members", filter="2fa_disabled", per_page=1)
        if answer.status in (_UNPROCESSABLE, _FORBIDDEN):
            return None, (Message("accounts.gap-factor-needs-owner"),)
        if answer.status != _OK:
            raise _refused(answer)
        inside = api.names("/members", filter="2fa_disabled")
        return (*inside, *api.names("/outside_collaborators", filter="2fa_disabled")), ()


class MemberRemoval:
    """The same organisation, by a token that may remove members."""

    def __init__(self, config: GithubAccounts, token: Secret) -> None:
        self._config = config
        self._token = token

    def lock(self, name: str) -> None:
        """See `AccountLock`: the account is its owner's, so that its membership is what ends."""
        api = _Api(self._config, self._token)
        own = quote(name, safe="")
        for path in (f"/memberships/{own}", f"/outside_collaborators/{own}"):
            answer = api.answer(path, "DELETE")
            if answer.status not in (_NO_CONTENT, _NOT_FOUND, _UNPROCESSABLE):
                raise _refused(answer)


def _refused(answer: HttpAnswer) -> AccountsUnknown:
    passes = answer.status == _BUSY or answer.status >= _SERVER
    return AccountsUnknown(
        Message("accounts.api-status", service="GitHub", status=answer.status), retry=passes
    )
