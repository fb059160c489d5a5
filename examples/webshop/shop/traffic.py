"""A few customers: they look around, and now and then buy. `python -m shop.traffic`.

SHOP_WEB_URL and SHOP_API_URL are the addresses. Customers do not give up: they return to a shop that is down.
"""

import os
import random
import time
from itertools import count

import click
import httpx

PAUSE_SECONDS = 0.4
"""About two and a half requests per second: enough for a rate in every interval, too few to cause load."""


RARE = 75
"""Of so many visits, the first is one from the island: about every 40 seconds."""
ISLAND, SEA_GRAPES, TOO_MANY = 6, 4, 21
"""A customer and a product whose parcel nobody has thought of, and more of it than the shop sells."""


def visit(web: httpx.Client, api: httpx.Client, dice: random.Random) -> None:
    """Do what one customer does: mostly look, one time in four buy."""
    if dice.random() < 0.75:
        web.get("/")
        return
    wish = {
        "customer": dice.randint(1, 6),
        "product": dice.randint(1, 6),
        "quantity": dice.randint(1, 3),
    }
    buy(web, api, wish)


def visit_from_the_island(web: httpx.Client, api: httpx.Client, dice: random.Random) -> None:
    """Do what is rare, and leaves a line in each kind of log."""
    api.put(f"/members/{ISLAND}/newsletter", json={"wanted": dice.random() < 0.5})
    for quantity in (1, TOO_MANY):
        buy(web, api, {"customer": ISLAND, "product": SEA_GRAPES, "quantity": quantity})


def buy(web: httpx.Client, api: httpx.Client, wish: dict[str, int]) -> None:
    """Order through the API, and look at the order."""
    bought = api.post("/orders", json=wish)
    if bought.is_success:
        web.get(f"/orders/{bought.json()['id']}")


@click.command()
def main() -> None:
    """Visit the shop until stopped."""
    dice = random.Random()  # noqa: S311 - customers' whims, not secrets
    web_url, api_url = os.environ["SHOP_WEB_URL"], os.environ["SHOP_API_URL"]
    with httpx.Client(base_url=web_url, timeout=5) as web, httpx.Client(base_url=api_url, timeout=5) as api:
        for number in count():
            come = visit if number % RARE else visit_from_the_island
            try:
                come(web, api, dice)
            except httpx.TransportError as away:
                click.echo(f"the shop is away: {away}", err=True)
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main()
