import json
from typing import Any

import pytest

from toban.engine.bindings.secret import Secret
from toban.engine.notify.channels.teams.channel import Teams
from toban.engine.notify.channels.teams.config import TeamsConfig
from toban.engine.notify.delivery.channel import Undelivered
from toban.engine.notify.delivery.notice import Notice


@pytest.fixture
def teams(http: Any, monkeypatch: pytest.MonkeyPatch) -> Teams:
    monkeypatch.setenv("TEAMS_WEBHOOK", f"{http.url}/workflows/w0/triggers/manual?sp=%2Fx&sig=secret%2Btoken")
    http.answers(202)
    return Teams(TeamsConfig(webhook=Secret("env:TEAMS_WEBHOOK"), timeout=1))


def test_the_card_is_posted_to_the_workflow(teams: Teams, http: Any, notice: Notice) -> None:
    assert teams.send(notice, ()) == "202"

    (asked,) = http.asked
    assert asked.path == "/workflows/w0/triggers/manual?sp=%2Fx&sig=secret%2Btoken"
    (attachment,) = json.loads(asked.body)["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"


def test_a_200_answer_of_a_connector_is_also_a_receipt(teams: Teams, http: Any, notice: Notice) -> None:
    http.answers(200, b"1")

    assert teams.send(notice, ()) == "200"


@pytest.mark.parametrize(("inner", "retry"), [(429, True), (413, False), (502, True)])
def test_an_error_reported_inside_a_200_answer_is_not_a_receipt(
    teams: Teams, http: Any, notice: Notice, inner: int, retry: bool
) -> None:
    words = (
        f"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {inner}"
    )
    http.answers(200, words.encode())

    with pytest.raises(Undelivered, match=f"^Teams: {inner} ") as caught:
        teams.send(notice, ())

    assert caught.value.retry is retry


def test_a_proxy_page_is_not_accepted_as_a_receipt(teams: Teams, http: Any, notice: Notice) -> None:
    http.answers(200, b"<!DOCTYPE html><p>please sign in to the network</p>")

    with pytest.raises(Undelivered) as caught:
        teams.send(notice, ())

    assert caught.value.retry


@pytest.mark.parametrize("quoted", [b"sig=secret%2Btoken", b"secret%2Btoken", b"secret+token"])
def test_the_signature_in_the_url_is_masked_however_it_is_quoted(
    teams: Teams, http: Any, notice: Notice, quoted: bytes
) -> None:
    http.answers(401, b"bad " + quoted)

    with pytest.raises(Undelivered) as caught:
        teams.send(notice, ())

    assert "secret" not in str(caught.value)
    assert "token" not in str(caught.value)
