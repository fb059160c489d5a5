"""Django's password check with the document's own rules."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError

from toban.engine.editions import present
from toban.engine.people.rules import AccountRules, Lack, rules_of
from toban.message import Message, listing


def rules_in_force() -> AccountRules:
    """Return what the document in force requires of accounts."""
    edition = present.edition()
    return rules_of(edition.design if edition else None)


class DocumentPasswordValidator:
    """Refuses passwords that break the document's password row, and the current password."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raise `ValidationError` with everything that is wrong with *password* at once."""
        rules = rules_in_force()
        flaws = [_flaw(lack, rules) for lack in rules.lacks(password)]
        if user is not None and user.pk and user.check_password(password):
            flaws.append(Message("people.password-unchanged"))
        if flaws:
            raise ValidationError([str(flaw) for flaw in flaws])

    def get_help_text(self) -> str:
        """Return the rule as text, with the row that requires it."""
        rules = rules_in_force()
        asks = [Message("people.password-length", count=rules.min_length)]
        asks += [_flaw(kind, rules) for kind in rules.classes]
        cited = f" ({rules.password_citation})" if rules.password_citation else ""
        return f"{listing(asks)}{cited}"


def _flaw(lack: Lack, rules: AccountRules) -> Message:
    if lack is Lack.LENGTH:
        return Message("people.password-too-short", count=rules.min_length)
    return Message(f"people.password-needs-{lack}")
