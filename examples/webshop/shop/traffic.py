"""A few customers: they look around, and now and then buy. `python -m shop.traffic`.

SHOP_WEB_URL and SHOP_API_URL are the addresses. Customers do not give up: they return to a shop that is down.
"""

import os
import random
import time

import click
import httpx

PAUSE_SECONDS = 0.4
"""About two and a half requests per second: enough for a rate in every interval, too few to cause load."""


def visit(web: httpx.Client, api: httpx.Client, dice: random.Random) -> None:
    """Do what one customer does: mostly look, one time in four buy through the API."""
    if dice.random() < 0.75:
        web.get("/")
        return
    wish = {
        "customer": dice.randint(1, 6),
        "product": dice.randint(1, 6),
        "quantity": dice.randint(1, 3),
    }
    bought = api.post("/orders", json=wish)
    if bought.is_success:
        api.get(f"/orders/{bought.json()['id']}")


@click.command()
def main() -> None:
    """Visit the shop until stopped."""
    dice = random.Random()  # noqa: S311 - customers' whims, not secrets
    web_url, api_url = os.environ["SHOP_WEB_URL"], os.environ["SHOP_API_URL"]
    with httpx.Client(base_url=web_url, timeout=5) as web, httpx.Client(base_url=api_url, timeout=5) as api:
        while True:
            try:
                visit(web, api, dice)
            except httpx.TransportError as away:
                click.echo(f"the shop is away: {away}", err=True)
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
