"""Failed sign-ins slow those who fail, and nobody else; the account's owner hears of them."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from tests.integration.faces.web.conftest import PASSWORD, Operators, proved
from tests.integration.faces.web.people.audit import audited
from tests.integration.faces.web.people.test_accounts import CountingHasher

from toban.engine.clock import system_clock
from toban.engine.people.first import renewed_password
from toban.engine.people.models import KnownSource, Operator, OperatorRole, SignInCount
from toban.engine.people.sources import COOKIE

pytestmark = pytest.mark.django_db

SIGN_IN, CODE = "/accounts/login/", "/accounts/2fa/authenticate/"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HOME, CAFE = "192.0.2.1", "198.51.100.9"


def at(address: str) -> Client:
    return Client(REMOTE_ADDR=address)


def gets_in(client: Client, name: str, password: str = PASSWORD) -> bool:
    """Return whether the password is accepted; these accounts have no second factor."""
    return client.post(SIGN_IN, {"login": name, "password": password}).status_code == 302


def guess(name: str, *addresses: str) -> None:
    for address in addresses:
        at(address).post(SIGN_IN, {"login": name, "password": "wrong-Kagi-0000"})


def strangers(count: int) -> list[str]:
    return [f"203.0.113.{number}" for number in range(count)]


@pytest.fixture
def aki(operator: Operators) -> Operator:
    person = operator("aki", OperatorRole.VIEWER)
    Authenticator.objects.all().delete()
    return person


@pytest.fixture
def boss(operator: Operators) -> Client:
    client = Client()
    proved(client, operator("boss", OperatorRole.MANAGER))
    return client


def test_five_failures_at_one_address_lock_nobody_out_at_another(aki: Operator) -> None:
    guess(aki.username, *[CAFE] * 5)

    assert not gets_in(at(CAFE), "aki")
    assert gets_in(at(HOME), "aki")


def test_a_lock_out_ends_by_itself_and_the_next_lasts_longer(aki: Operator) -> None:
    guess(aki.username, *[CAFE] * 5)
    SignInCount.objects.update(last_at=system_clock() - timedelta(seconds=31))
    guess(aki.username, CAFE)
    SignInCount.objects.update(last_at=system_clock() - timedelta(seconds=31))

    assert not gets_in(at(CAFE), "aki")
    SignInCount.objects.update(last_at=system_clock() - timedelta(seconds=61))
    assert gets_in(at(CAFE), "aki")


def test_a_guess_spread_over_addresses_is_slowed_but_not_at_a_known_device_or_address(aki: Operator) -> None:
    phone = at(HOME)
    assert gets_in(phone, "aki")
    guess(aki.username, *strangers(20))

    elsewhere = at(CAFE)
    elsewhere.cookies = phone.cookies
    elsewhere.cookies.pop("sessionid")

    assert not gets_in(at("198.51.100.77"), "aki")
    assert gets_in(at(HOME), "aki")
    assert gets_in(elsewhere, "aki")


def test_names_guessed_from_one_address_are_counted_together(aki: Operator) -> None:
    for number in range(20):
        guess(f"nobody-{number}", CAFE)

    assert not gets_in(at(CAFE), "aki")
    assert gets_in(at(HOME), "aki")


def flood(address: str, count: int) -> list[int]:
    """Send *count* sign-ins with ever new names from *address*, and return the statuses."""
    client = at(address)
    tried = ({"login": f"nobody-{number}", "password": "wrong-Kagi-0000"} for number in range(count))
    return [client.post(SIGN_IN, each).status_code for each in tried]


def test_many_people_behind_one_address_sign_in_at_once(aki: Operator) -> None:
    assert [gets_in(at(HOME), "aki") for _ in range(40)] == [True] * 40


def test_a_flood_from_a_shared_address_locks_out_no_known_device_there(aki: Operator) -> None:
    phone = at(CAFE)
    assert gets_in(phone, "aki")
    phone.post("/accounts/logout/")

    assert flood(CAFE, 130)[-1] == 429

    assert gets_in(phone, "aki")
    assert gets_in(at(HOME), "aki")


def test_a_flood_costs_no_passwords_beyond_two_a_second(aki: Operator, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{CountingHasher.__module__}.CountingHasher"]
    CountingHasher.counted = 0

    statuses = flood(CAFE, 150)

    assert statuses.count(429) >= 30
    assert 0 < CountingHasher.counted <= 120


def test_a_known_device_may_not_flood_either(aki: Operator) -> None:
    phone = at(CAFE)
    assert gets_in(phone, "aki")
    phone.post("/accounts/logout/")

    for number in range(130):
        last = phone.post(SIGN_IN, {"login": f"nobody-{number}", "password": "wrong-Kagi-0000"}).status_code

    assert last == 429


def test_a_forged_device_is_no_device(aki: Operator) -> None:
    flood(CAFE, 130)
    forged = at(CAFE)
    forged.cookies[COOKIE] = "made-up:1abc:signature"

    assert forged.post(SIGN_IN, {"login": "aki", "password": PASSWORD}).status_code == 429


def test_addresses_of_one_ipv6_network_are_one(aki: Operator) -> None:
    guess(aki.username, *(f"2001:db8::{number}" for number in range(1, 6)))

    assert not gets_in(at("2001:db8::99"), "aki")


def test_a_known_device_is_limited_too(aki: Operator) -> None:
    phone = at(HOME)
    gets_in(phone, "aki")
    for _ in range(5):
        phone.post("/accounts/logout/")
        phone.post(SIGN_IN, {"login": "aki", "password": "wrong-Kagi-0000"})

    assert not gets_in(phone, "aki")


def test_a_made_up_device_is_unknown(aki: Operator) -> None:
    KnownSource.objects.create(operator=aki, source="device x", seen_at=system_clock())
    guess(aki.username, *strangers(20))
    client = at(CAFE)
    client.cookies[COOKIE] = "x:made-up:signature"

    assert not gets_in(client, "aki")


def test_a_successful_sign_in_forgets_its_own_failures(aki: Operator) -> None:
    for _ in range(3):
        guess(aki.username, *[HOME] * 4)
        assert gets_in(at(HOME), "aki")


def test_the_right_password_is_no_failure(aki: Operator) -> None:
    Authenticator.objects.create(user=aki, type=Authenticator.Type.TOTP, data={"secret": SECRET})

    assert all(gets_in(at(HOME), "aki") for _ in range(7))
    assert set(SignInCount.objects.values_list("level", flat=True)) == {0}


def test_a_new_password_from_the_terminal_lifts_the_lock_out_even_while_guessing_goes_on(
    aki: Operator,
) -> None:
    guess(aki.username, *[HOME] * 6, *strangers(20))

    password = renewed_password("aki", system_clock())
    guess(aki.username, *strangers(40))

    assert gets_in(at(HOME), "aki", password)


def test_a_manager_sees_a_lock_out_and_lifts_it(aki: Operator, boss: Client) -> None:
    guess(aki.username, *[HOME] * 6)
    assert "サインインを制限中" in boss.get("/people/").content.decode()

    boss.post(f"/people/{aki.pk}", {"act": "lift"})

    assert "サインインを制限中" not in boss.get("/people/").content.decode()
    assert audited()[-1] == ("boss", "sign-in-lock-out-lifted")
    assert gets_in(at(HOME), "aki")


def test_the_next_sign_in_tells_how_often_it_failed_and_from_where(aki: Operator) -> None:
    gets_in(at(HOME), "aki")
    guess(aki.username, *[CAFE] * 2, HOME, *strangers(3))
    Authenticator.objects.create(user=aki, type=Authenticator.Type.TOTP, data={"secret": SECRET})
    client = at(HOME)
    gets_in(client, "aki")
    client.post(CODE, {"code": code()})

    first, second = client.get("/"), client.get("/")

    told = "前回のサインインのあと、サインインの失敗が6件ありました: 198.51.100.9 (2件)、203.0.113.2 (1件)、"
    assert told in first.content.decode()
    assert "ほか2か所" in first.content.decode()
    assert "サインインの失敗" not in second.content.decode()


def test_nobody_is_told_of_failures_when_there_were_none(aki: Operator) -> None:
    guess(aki.username, HOME)
    gets_in(at(HOME), "aki")

    again = at(HOME)
    answer = again.post(SIGN_IN, {"login": "aki", "password": PASSWORD}, follow=True)

    assert "サインインの失敗" not in answer.content.decode()


def test_strangers_without_the_password_cannot_lock_the_second_factor(aki: Operator) -> None:
    Authenticator.objects.create(user=aki, type=Authenticator.Type.TOTP, data={"secret": SECRET})
    client = at(HOME)
    gets_in(client, "aki")

    guess(aki.username, *[HOME] * 6, *strangers(25))

    assert client.post(CODE, {"code": code()}).status_code == 302


def test_after_five_wrong_codes_even_the_right_one_is_refused_there_only(aki: Operator) -> None:
    Authenticator.objects.create(user=aki, type=Authenticator.Type.TOTP, data={"secret": SECRET})
    thief, owner = at(CAFE), at(HOME)
    gets_in(thief, "aki")
    gets_in(owner, "aki")

    wrong = [thief.post(CODE, {"code": "000000"}).status_code for _ in range(5)]

    assert [*wrong, thief.post(CODE, {"code": code()}).status_code] == [200] * 6
    assert owner.post(CODE, {"code": code()}).status_code == 302


def test_neither_answers_nor_times_tell_which_accounts_exist_or_are_locked_out(
    aki: Operator, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = [f"{CountingHasher.__module__}.CountingHasher"]
    aki.set_password(PASSWORD)
    aki.save()
    gets_in(at(HOME), "aki")
    guess(aki.username, *strangers(20))
    guess("nobody", *strangers(20))
    seen = set()

    # Known there and let through; locked out with other strangers; no account, let through and locked out.
    for name, address in (("aki", HOME), ("aki", CAFE), ("nobody", HOME), ("nobody", CAFE), ("none", CAFE)):
        CountingHasher.counted = 0
        answer = at(address).post(SIGN_IN, {"login": name, "password": "wrong-Kagi-0000"})
        seen.add((CountingHasher.counted, answer.status_code, str(answer.context["form"].errors)))

    assert len(seen) == 1
    assert next(iter(seen))[:2] == (1, 200)


def test_a_wrong_password_costs_as_many_queries_whether_the_account_exists_or_not(aki: Operator) -> None:
    guess("nobody", HOME)
    guess(aki.username, HOME)

    with CaptureQueriesContext(connection) as existing:
        guess("aki", HOME)
    with CaptureQueriesContext(connection) as made_up:
        guess("nobody", HOME)

    # allauth looks the name up as an address, and then as a name; a name that none has, no further.
    assert abs(len(existing) - len(made_up)) <= 1


def test_a_name_that_was_typed_is_not_stored() -> None:
    guess("my-Secret-Password-1", HOME)

    assert "my-Secret" not in str(list(SignInCount.objects.values_list("account", "source")))


def test_an_old_session_stays_dead_after_the_account_is_unlocked(aki: Operator, boss: Client) -> None:
    Authenticator.objects.create(user=aki, type=Authenticator.Type.TOTP, data={"secret": SECRET})
    old = Client()
    old.force_login(aki)
    assert old.get("/").status_code == 200

    boss.post(f"/people/{aki.pk}", {"act": "lock"})
    boss.post(f"/people/{aki.pk}", {"act": "unlock"})

    assert old.get("/").headers["Location"] == SIGN_IN
    aki.refresh_from_db()
    assert aki.is_active


def code() -> str:
    return str(format_hotp_value(hotp_value(SECRET, next(yield_hotp_counters_from_time()))))
