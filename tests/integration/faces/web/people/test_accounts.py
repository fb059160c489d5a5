"""Who can sign in, how, and what is recorded about it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import override

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django import Settings
from tests.integration.faces.web.conftest import PASSWORD, Operators, proved

from toban.engine.clock import system_clock
from toban.engine.evidence.models import LedgerEntry
from toban.engine.people.factors import spend
from toban.engine.people.first import NAME, first_administrator, give_password
from toban.engine.people.models import Operator, OperatorRole

from .audit import CHANGE, audited

pytestmark = pytest.mark.django_db

SIGN_IN = "/accounts/login/"
ENROL = "/accounts/2fa/totp/activate/"


def sign_in(client: Client, name: str, password: str) -> int:
    return client.post(SIGN_IN, {"login": name, "password": password}).status_code


def code_of(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time()))))


def test_a_change_of_the_password_under_way_does_not_undo_a_lock(
    client: Client, operator: Operators, monkeypatch: pytest.MonkeyPatch
) -> None:
    mira, change = operator("mira", OperatorRole.VIEWER), Operator.set_password
    client.force_login(mira)

    def locked_meanwhile(self: Operator, password: str | None) -> None:
        Operator.objects.filter(pk=self.pk).update(is_active=False, lockouts=1)
        change(self, password)

    monkeypatch.setattr(Operator, "set_password", locked_meanwhile)
    new = f"{PASSWORD}-2"
    client.post(CHANGE, {"oldpassword": PASSWORD, "password1": new, "password2": new})

    mira.refresh_from_db()
    assert mira.check_password(new)
    assert (mira.is_active, mira.lockouts) == (False, 1)
    assert client.get("/").headers["Location"] == SIGN_IN


def test_who_issued_a_password_is_kept_with_it(client: Client, operator: Operators) -> None:
    mira, boss = operator("mira", OperatorRole.MANAGER), operator("boss", OperatorRole.MANAGER)
    proved(client, boss)

    client.post(f"/people/{mira.pk}", {"act": "password"})
    client.post("/people/", {"username": "kai", "operator_role": "developer"})

    for name in ("mira", "kai"):
        assert Operator.objects.get(username=name).password_setters == [boss.pk]


def test_who_gave_a_role_is_kept_with_it(client: Client, operator: Operators) -> None:
    mira, boss = operator("mira", OperatorRole.DEVELOPER), operator("boss", OperatorRole.MANAGER)
    proved(client, boss)

    client.post(f"/people/{mira.pk}", {"act": "role", "role": "manager"})

    mira.refresh_from_db()
    assert (mira.operator_role, mira.role_setters) == (OperatorRole.MANAGER, [boss.pk])
    assert mira.role_set_at is not None


def test_a_password_that_a_manager_issues_does_not_undo_a_lock_and_a_role_given_meanwhile(
    client: Client, operator: Operators, monkeypatch: pytest.MonkeyPatch
) -> None:
    mira = operator("mira", OperatorRole.MANAGER)
    proved(client, operator("boss", OperatorRole.MANAGER))

    def changed_meanwhile(found: Operator, now: datetime, by: Collection[int]) -> str:
        Operator.objects.filter(pk=found.pk).update(is_active=False, operator_role=OperatorRole.VIEWER)
        return give_password(found, now, by)

    monkeypatch.setattr("toban.faces.web.people.people.give_password", changed_meanwhile)
    client.post(f"/people/{mira.pk}", {"act": "password"})

    mira.refresh_from_db()
    assert (mira.must_change_password, mira.lockouts) == (True, 1)
    assert (mira.is_active, mira.operator_role) == (False, OperatorRole.VIEWER)


def test_an_unlock_under_way_does_not_revive_what_a_lock_has_ended_meanwhile(
    client: Client, operator: Operators, monkeypatch: pytest.MonkeyPatch
) -> None:
    mira = operator("mira", OperatorRole.VIEWER)
    client.force_login(operator("boss", OperatorRole.MANAGER))

    def locked_meanwhile(_request: object) -> bool:
        Operator.objects.filter(pk=mira.pk).update(is_active=False, lockouts=1)
        return True

    monkeypatch.setattr("toban.faces.web.people.people.has_proved", locked_meanwhile)
    client.post(f"/people/{mira.pk}", {"act": "unlock"})

    mira.refresh_from_db()
    assert (mira.is_active, mira.lockouts) == (True, 1)


@pytest.mark.parametrize(
    "address", ["/", "/figures", "/sparklines", "/people/", "/clauses/a/b", "/accounts/2fa/"]
)
def test_unauthenticated_visitors_see_only_the_sign_in(address: str, client: Client) -> None:
    answer = client.get(address)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(SIGN_IN)


@pytest.mark.django_db(transaction=True)  # a new factor is announced when it is committed
def test_the_first_administrator_changes_the_password_enrols_a_factor_and_gets_in() -> None:
    client, given = Client(), first_administrator(system_clock())
    assert given is not None

    assert sign_in(client, NAME, given) == 302
    assert client.get("/").headers["Location"] == CHANGE
    own = {"oldpassword": given, "password1": PASSWORD, "password2": PASSWORD}
    assert client.post(CHANGE, own).headers["Location"] == "/"
    assert client.get("/").headers["Location"] == ENROL
    secret = client.get(ENROL).context["form"].secret
    codes = client.post(ENROL, {"code": code_of(secret)}, follow=True)

    assert codes.context["unused_codes"][0] in codes.content.decode()
    assert client.get("/").status_code == 200
    assert audited() == [
        ("toban", "operator-added"),
        (NAME, "signed-in"),
        (NAME, "password-changed"),
        (NAME, "factor-added"),
        (NAME, "factor-added"),  # the recovery codes
    ]


@pytest.mark.parametrize(("left", "status"), [(timedelta(0), 200), (timedelta(minutes=1), 302)])
def test_a_one_time_password_that_nobody_uses_is_over_after_a_week(left: timedelta, status: int) -> None:
    given = first_administrator(system_clock() - timedelta(days=7) + left)
    assert given is not None

    assert sign_in(Client(), NAME, given) == status
    assert Operator.objects.get().must_change_password


def test_a_new_password_must_follow_the_documents_rule_and_differ_from_the_old() -> None:
    client, given = Client(), first_administrator(system_clock())
    assert given is not None
    sign_in(client, NAME, given)

    weak = client.post(CHANGE, {"oldpassword": given, "password1": "short", "password2": "short"})
    same = client.post(CHANGE, {"oldpassword": given, "password1": given, "password2": given})

    assert "12文字以上にしてください" in weak.content.decode()
    assert "現在と違うパスワードにしてください" in same.content.decode()
    assert Operator.objects.get().must_change_password


def test_an_expired_password_must_be_renewed_and_the_row_is_cited(operator: Operators) -> None:
    person = operator("aki", OperatorRole.VIEWER)
    person.password_changed_at = system_clock() - timedelta(days=90)
    person.save()
    client = Client()
    client.force_login(person)

    answer = client.get("/", follow=True)

    assert answer.redirect_chain == [(CHANGE, 302)]
    assert "運用設計書.md:20" in answer.content.decode()


def test_the_second_factor_is_requested_after_the_password(operator: Operators) -> None:
    operator("aki", OperatorRole.VIEWER)
    client = Client()

    answer = client.post(SIGN_IN, {"login": "aki", "password": PASSWORD})

    assert answer.headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/").headers["Location"] == SIGN_IN


def test_operators_may_sign_in_with_their_e_mail_address(operator: Operators) -> None:
    Authenticator.objects.filter(user=operator("aki", OperatorRole.VIEWER)).delete()
    client = Client()

    assert sign_in(client, "aki@example.com", PASSWORD) == 302
    assert client.get("/").headers["Location"] == ENROL


def test_after_five_failures_even_the_right_password_is_refused(operator: Operators) -> None:
    operator("aki", OperatorRole.VIEWER)
    for _ in range(5):
        assert sign_in(Client(), "aki", "wrong-Kagi-0000") == 200

    late = Client().post(SIGN_IN, {"login": "aki", "password": PASSWORD})

    assert late.status_code == 200
    assert audited() == [*[("aki", "sign-in-refused")] * 5, ("aki", "sign-in-locked-out")]


def test_no_variant_of_user_or_host_name_allows_more_guesses(operator: Operators) -> None:
    operator("aki", OperatorRole.VIEWER)
    spelt = ["aki", "AKI", "aki@example.com", "Aki@Example.COM", "akI"]
    for number, name in enumerate(spelt):
        Client(HTTP_HOST=f"localhost:{9000 + number}").post(
            SIGN_IN, {"login": name, "password": "wrong-Kagi"}
        )

    late = Client(HTTP_HOST="localhost:9999").post(SIGN_IN, {"login": "aki", "password": PASSWORD})

    assert late.status_code == 200
    assert audited() == [*[("aki", "sign-in-refused")] * 5, ("aki", "sign-in-locked-out")]


def test_a_lockout_is_one_evidence_entry_however_often_sign_in_is_tried(operator: Operators) -> None:
    operator("aki", OperatorRole.VIEWER)

    for _ in range(9):
        sign_in(Client(), "aki", "wrong-Kagi-0000")

    assert [event for _actor, event in audited()].count("sign-in-locked-out") == 1


def test_a_full_cache_does_not_make_a_used_code_valid_again(operator: Operators) -> None:
    person = operator("aki", OperatorRole.VIEWER)
    code = spend(person, "123456")

    # After it in the order in which a full cache evicts.
    for number in range(400):
        cache.set(f"~{number}", "anything")

    with pytest.raises(ValidationError):
        spend(person, code)


class CountingHasher(MD5PasswordHasher):
    """Counts password hashes: they make up the response time of a sign-in."""

    counted = 0

    @override
    def encode(self, password: str, salt: str) -> str:
        type(self).counted += 1
        return super().encode(password, salt)


def test_the_response_time_does_not_reveal_which_accounts_exist(
    operator: Operators, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    operator("aki", OperatorRole.VIEWER)
    answers = {}

    for login in ("aki", "nobody", "aki@example.com", "nobody@example.com"):
        CountingHasher.counted = 0
        answer = Client().post(SIGN_IN, {"login": login, "password": "wrong-Kagi-0000"})
        answers[login] = (CountingHasher.counted, answer.status_code, str(answer.context["form"].errors))

    assert answers["aki"] == answers["nobody"]
    assert answers["aki@example.com"] == answers["nobody@example.com"]
    assert {counted for counted, *_answer in answers.values()} == {1}


def test_a_one_time_code_works_only_once_in_its_lifetime(operator: Operators) -> None:
    person = operator("aki", OperatorRole.VIEWER)
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    Authenticator.objects.filter(user=person).update(data={"secret": secret})
    code, answers = code_of(secret), []

    for _ in range(2):
        client = Client()
        sign_in(client, "aki", PASSWORD)
        answers.append(client.post("/accounts/2fa/authenticate/", {"code": code}).status_code)
        # By now allauth's own record has expired, and the code has not.
        cache.delete(f"allauth.mfa.totp.used?user={person.pk}&code={code}")

    assert answers == [302, 200]


@pytest.mark.django_db(transaction=True)
def test_the_code_used_to_enrol_cannot_be_used_to_sign_in(operator: Operators) -> None:
    Authenticator.objects.filter(user=operator("aki", OperatorRole.VIEWER)).delete()
    client, other = Client(), Client()
    sign_in(client, "aki", PASSWORD)
    code = code_of(client.get(ENROL).context["form"].secret)
    assert client.post(ENROL, {"code": code}).status_code == 302

    sign_in(other, "aki", PASSWORD)

    assert other.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 200


def test_a_password_typed_as_user_name_is_not_recorded() -> None:
    sign_in(Client(), "my-Secret-Password-1", "x")

    assert audited() == [("?", "sign-in-refused")]


def test_there_is_no_sign_up_and_no_password_reset_by_mail() -> None:
    client = Client()

    assert client.get("/accounts/signup/").status_code == 302
    assert client.post("/accounts/signup/", {"username": "eve"}).status_code == 302
    assert client.get("/accounts/password/reset/").status_code == 302
    assert not Operator.objects.exists()


@pytest.mark.parametrize("role", [OperatorRole.DEVELOPER, OperatorRole.VIEWER])
def test_only_managers_can_see_and_change_accounts(role: OperatorRole, operator: Operators) -> None:
    client = Client()
    person = operator("aki", role)
    client.force_login(person)

    assert client.get("/people/").status_code == 403
    assert client.post(f"/people/{person.pk}", {"act": "role", "role": "manager"}).status_code == 403
    person.refresh_from_db()
    assert person.operator_role == role


def test_a_manager_adds_an_operator_who_signs_in_with_the_password_shown_once(operator: Operators) -> None:
    client = Client()
    proved(client, operator("boss", OperatorRole.MANAGER))

    answer = client.post("/people/", {"username": "new", "email": "", "operator_role": "developer"})
    given = answer.context["given"][1]

    assert given in answer.content.decode()
    assert given not in client.get("/people/").content.decode()
    newcomer = Client()
    assert sign_in(newcomer, "new", given) == 302
    assert newcomer.get("/").headers["Location"] == CHANGE
    assert ("boss", "operator-added") in audited()


@pytest.mark.parametrize("act", ["role", "unlock", "password"])
def test_a_session_alone_lets_nobody_in_and_gives_no_rights(act: str, operator: Operators) -> None:
    aki, client = operator("aki", OperatorRole.VIEWER), Client()
    client.force_login(operator("boss", OperatorRole.MANAGER))
    client.post(f"/people/{aki.pk}", {"act": "lock"})
    before = Operator.objects.values().get(pk=aki.pk)

    answers = (
        client.post(f"/people/{aki.pk}", {"act": act, "role": "manager"}),
        client.post("/people/", {"username": "new", "email": "", "operator_role": "manager"}),
    )

    proof = "/accounts/reauthenticate/?next=%2Fpeople%2F"
    assert [each.headers["Location"] for each in answers] == [proof, proof]
    assert proof in client.get("/people/").content.decode()
    assert Operator.objects.values().get(pk=aki.pk) == before
    assert not before["is_active"]
    assert not Operator.objects.filter(username="new").exists()


def test_changes_to_accounts_become_evidence(operator: Operators) -> None:
    person = operator("aki", OperatorRole.VIEWER)
    client = Client()
    proved(client, operator("boss", OperatorRole.MANAGER))

    client.post(f"/people/{person.pk}", {"act": "role", "role": "developer"})
    client.post(f"/people/{person.pk}", {"act": "lock"})

    person.refresh_from_db()
    assert (person.operator_role, person.is_active) == ("developer", False)
    assert audited()[-2:] == [("boss", "role-changed"), ("boss", "operator-locked")]
    assert LedgerEntry.objects.get(content__event="role-changed").content["after"] == "developer"


def test_a_manager_cannot_lock_themselves_out(operator: Operators) -> None:
    boss = operator("boss", OperatorRole.MANAGER)
    client = Client()
    proved(client, boss)

    client.post(f"/people/{boss.pk}", {"act": "lock"})
    client.post(f"/people/{boss.pk}", {"act": "role", "role": "viewer"})

    boss.refresh_from_db()
    assert (boss.is_active, boss.operator_role) == (True, "manager")


def test_a_locked_account_is_signed_out_at_once(operator: Operators) -> None:
    person = operator("aki", OperatorRole.VIEWER)
    client = Client()
    client.force_login(person)
    assert client.get("/").status_code == 200

    Operator.objects.filter(pk=person.pk).update(is_active=False)

    assert client.get("/").headers["Location"] == SIGN_IN


def test_a_session_alone_enrols_no_factor_with_which_it_could_prove_itself(client: Client) -> None:
    boss = Operator.objects.create_user(
        "boss", None, PASSWORD, operator_role=OperatorRole.MANAGER, password_changed_at=system_clock()
    )
    # A stolen cookie: whoever has it has typed no password.
    client.force_login(boss)

    asked, posted = client.get(ENROL), client.post(ENROL, {"code": "123456"})

    assert [each.status_code for each in (asked, posted)] == [302, 302]
    assert all(each.headers["Location"].startswith("/accounts/reauthenticate/") for each in (asked, posted))
    assert not Authenticator.objects.filter(user=boss).exists()


def test_a_session_ends_twelve_hours_after_the_sign_in_whatever_is_done_with_it(
    operator: Operators, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, began_at = Client(), system_clock() - timedelta(hours=11)
    monkeypatch.setattr("toban.faces.web.sessions.system_clock", lambda: began_at)
    client.force_login(operator("boss", OperatorRole.MANAGER))

    # Asked for a proof, the session keeps what was to be done: that must not prolong it.
    client.post("/accounts/2fa/recovery-codes/generate/")

    session = Session.objects.get()
    assert "account_reauthentication_state" in session.get_decoded()
    assert session.expire_date == began_at + timedelta(hours=12)


def test_cross_site_forms_are_refused(operator: Operators) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(operator("boss", OperatorRole.MANAGER))

    assert client.post("/people/", {"username": "eve", "operator_role": "manager"}).status_code == 403
    assert not Operator.objects.filter(username="eve").exists()


@pytest.mark.parametrize("address", ["/", ENROL, "/people/", "/clauses/a/b", "/accounts/2fa/recovery-codes/"])
def test_pages_are_not_cached_by_browsers_or_proxies(address: str, operator: Operators) -> None:
    client = Client()
    client.force_login(operator("boss", OperatorRole.MANAGER))

    assert "no-store" in client.get(address).headers["Cache-Control"]


def test_a_reset_password_is_shown_once_and_not_sent_in_a_cookie(operator: Operators) -> None:
    boss, aki = Client(), operator("aki", OperatorRole.VIEWER)
    proved(boss, operator("boss", OperatorRole.MANAGER))

    answer = boss.post(f"/people/{aki.pk}", {"act": "password"})

    name, password = answer.context["given"]
    aki.refresh_from_db()
    assert (name, aki.check_password(password)) == ("aki", True)
    assert "messages" not in answer.cookies
    assert "no-store" in answer.headers["Cache-Control"]
    assert password not in boss.get("/people/").content.decode()


def test_a_password_reset_ends_open_sessions(operator: Operators) -> None:
    boss, theirs, aki = Client(), Client(), operator("aki", OperatorRole.VIEWER)
    proved(boss, operator("boss", OperatorRole.MANAGER))
    theirs.force_login(aki)

    boss.post(f"/people/{aki.pk}", {"act": "password"})

    assert theirs.get("/").headers["Location"] == SIGN_IN
