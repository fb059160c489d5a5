"""Words and marks of the page of patches."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

register = template.Library()

_PASSED: dict[str, Promise] = {
    "began": gettext_lazy("開始"),
    "upgraded": gettext_lazy("更新済み"),
    "restarted": gettext_lazy("再起動を指示"),
    "back": gettext_lazy("再起動を確認"),
    "healthy": gettext_lazy("正常を確認"),
}


@register.filter
def passed_word(name: str) -> str:
    """Return the word for what was done on a host."""
    return str(_PASSED[name])
