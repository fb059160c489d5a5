"""The pages of the shop."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any


class Broken(Exception):
    """A page can't be made."""


def page(body: str) -> str:
    """Return a whole page."""
    return f"""<!doctype html><html lang="ja"><meta charset="utf-8"><title>南風商店</title>
<h1>南風商店</h1>{body}</html>"""


def shelf(product: Mapping[str, Any]) -> str:
    """Return one product with its button."""
    name, price = escape(str(product["name"])), int(product["price_yen"])
    shown = f"<p>{name} ¥{price:,} <button>買う</button></p>"
    return f"""<form method="post" action="/buy/{product["id"]}">{shown}</form>"""


def shelves(products: Sequence[Mapping[str, Any]]) -> str:
    """Show what is for sale."""
    return page("".join(map(shelf, products)))


def order(found: Mapping[str, Any]) -> str:
    """Show one order."""
    return page(f"<p>注文 {found['id']} ¥{int(found['amount_yen']):,}</p>")


def away() -> str:
    """Say that no orders can be taken now."""
    return page("<p>ただいま注文を受けられません。</p>")


def sorry(why: str) -> str:
    """Say that a page can't be shown."""
    return page(f"<p>ページを表示できません({escape(why)})。</p>")


def trouble() -> str:
    """Return why this instance can't serve; nothing if it can."""
    return ""
