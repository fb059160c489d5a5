"""What every template may use."""

from django import template

from toban.faces.web import assets

register = template.Library()


@register.simple_tag
def asset(name: str) -> str:
    """Return the address of a static file."""
    return assets.address(name)
