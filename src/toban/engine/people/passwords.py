"""Django's password check with the document's own rules."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from toban.engine.editions import present
from toban.engine.people.rules import AccountRules, Lack, rules_of

_WORDS = {
    Lack.LETTERS: gettext_lazy("英字を含める"),
    Lack.DIGITS: gettext_lazy("数字を含める"),
    Lack.SYMBOLS: gettext_lazy("記号を含める"),
    Lack.UPPER: gettext_lazy("大文字を含める"),
    Lack.LOWER: gettext_lazy("小文字を含める"),
}


def rules_in_force() -> AccountRules:
    """Return what the document in force requires of accounts."""
    edition = present.edition()
    return rules_of(edition.design if edition else None)


class DocumentPasswordValidator:
    """Refuses passwords that break the document's password row, and the current password."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        """Raise `ValidationError` with everything that is wrong with *password* at once."""
        rules = rules_in_force()
        flaws = [self._said(lack, rules) for lack in rules.lacks(password)]
        if user is not None and user.pk and user.check_password(password):
            flaws.append(_("現在と違うパスワードにしてください"))
        if flaws:
            raise ValidationError(flaws)

    def get_help_text(self) -> str:
        """Return the rule as text, with the row that requires it."""
        rules = rules_in_force()
        asks = [_("%(count)d文字以上") % {"count": rules.min_length}]
        asks += [str(_WORDS[kind]) for kind in rules.classes]
        cited = f" ({rules.password_citation})" if rules.password_citation else ""
        return f"{'、'.join(asks)}{cited}"

    @staticmethod
    def _said(lack: Lack, rules: AccountRules) -> str:
        if lack is Lack.LENGTH:
            return _("%(count)d文字以上にしてください") % {"count": rules.min_length}
        return str(_WORDS[lack])
