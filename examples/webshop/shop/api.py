"""The shop's API: products and orders as JSON over PostgreSQL. `python -m shop.api --port N`.

SHOP_DATABASE_URL names the database, SHOP_SWITCHES the folder of its switches; `shop.journal` says where its
logs, errors and traces go. Answers 503 while the database is unavailable: an outage is a fact to report, not
a reason to die.
"""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import click
import psycopg
import uvicorn
from opentelemetry.trace import Span, SpanKind
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from shop.delivery import days_of
from shop.exposition import CountRequests, metrics
from shop.journal import Follow, app_log, audit_log, note_customer, open_journal, tracer
from shop.shelf import Shelf
from shop.switches import SLOW, Switches

SCHEMA = Path(__file__).with_name("schema.sql")

Pool = AsyncConnectionPool[psycopg.AsyncConnection[DictRow]]

NEW_ORDER = """
    INSERT INTO orders (customer_id, product_id, quantity, amount_yen, tax_rate)
    SELECT %(customer)s, id, %(quantity)s, price_yen * %(quantity)s, tax_rate
    FROM products WHERE id = %(product)s
    RETURNING id, amount_yen
"""

PARCEL = """
    SELECT products.is_chilled, customers.address FROM orders
    JOIN products ON products.id = product_id JOIN customers ON customers.id = customer_id
    WHERE orders.id = %(id)s
"""


async def _rows(request: Request, query: str, **params: object) -> list[dict[str, Any]]:
    pool: Pool = request.app.state.pool
    with _in_database(query):
        async with pool.connection() as connection:
            return await (await connection.execute(query, params)).fetchall()


def _in_database(query: str) -> AbstractContextManager[Span]:
    words = query.split()
    about = {"db.system.name": "postgresql", "db.query.text": " ".join(words)}
    return tracer.start_as_current_span(words[0], kind=SpanKind.CLIENT, attributes=about)


async def products(request: Request) -> Response:
    """List what is for sale; from memory, while the shop has its cache switched on."""
    shelf: Shelf = request.app.state.shelf
    return JSONResponse(await shelf.products(lambda: _products(request)))


async def _products(request: Request) -> list[dict[str, Any]]:
    switches: Switches = request.app.state.switches
    wait = SLOW if switches.is_slow else 0
    query = "SELECT id, name, price_yen FROM products, (SELECT pg_sleep(%(wait)s)) AS waited ORDER BY id"
    return await _rows(request, query, wait=wait)


async def take_order(request: Request) -> Response:
    """Accept an order for one product; 422 if it makes no sense."""
    body = await request.json()
    wish = {name: int(body[name]) for name in ("customer", "product", "quantity")}
    note_customer(wish["customer"])
    taken = await _rows(request, NEW_ORDER, **wish)
    if not taken:
        raise ValueError("no such product")
    order = taken[0]
    app_log.info("Order %d accepted: ¥%d", order["id"], order["amount_yen"])
    return JSONResponse(order | {"days": await _days(request, order["id"])}, status_code=201)


async def _days(request: Request, order: int) -> int | None:
    """Return the days until the parcel arrives; None if nobody can say: an order is taken all the same."""
    (parcel,) = await _rows(request, PARCEL, id=order)
    try:
        return days_of(parcel["address"], is_chilled=parcel["is_chilled"])
    except LookupError:
        app_log.exception("Nobody knows when order %d arrives", order)
        return None


async def set_newsletter(request: Request) -> Response:
    """Have a member get the newsletter, or not any more."""
    wish = {"member": request.path_params["id"], "wanted": (await request.json())["wanted"] is True}
    note_customer(wish["member"])
    changed = "UPDATE customers SET newsletter = %(wanted)s WHERE id = %(member)s RETURNING id, newsletter"
    found = await _rows(request, changed, **wish)
    if not found:
        raise HTTPException(404)
    audit_log.info("Newsletter of member %(member)d: %(wanted)s", wish)
    return JSONResponse(found[0])


async def order(request: Request) -> Response:
    """Show one order."""
    found = await _rows(
        request,
        "SELECT id, product_id, quantity, amount_yen FROM orders WHERE id = %(id)s",
        id=request.path_params["id"],
    )
    if not found:
        raise HTTPException(404)
    return JSONResponse(found[0])


async def healthz(request: Request) -> Response:
    """Say whether an order could be taken now."""
    await _rows(request, "SELECT 1")
    return PlainTextResponse("ok\n")


def _nonsense(request: Request, problem: Exception) -> Response:
    app_log.warning("%s %s refused: %s", request.method, request.url.path, type(problem).__name__)
    return JSONResponse({"error": type(problem).__name__}, status_code=422)


def _database_away(request: Request, problem: Exception) -> Response:
    app_log.error("%s %s: the database is away", request.method, request.url.path, exc_info=problem)
    return JSONResponse({"error": type(problem).__name__}, status_code=503)


@asynccontextmanager
async def _open_pool(app: Starlette) -> AsyncIterator[None]:
    async def prepare(connection: psycopg.AsyncConnection[DictRow]) -> None:
        await connection.set_autocommit(False)

    pool: Pool = AsyncConnectionPool(
        os.environ["SHOP_DATABASE_URL"],
        min_size=2,
        max_size=20,
        timeout=3,
        kwargs={"row_factory": dict_row},
        configure=prepare,
        open=False,
    )
    async with pool:
        async with pool.connection() as connection:
            # Two APIs starting together would both find no table, and both create it.
            await connection.execute("SELECT pg_advisory_xact_lock(1)")
            await connection.execute(SCHEMA.read_text(encoding="utf-8").encode())
        app.state.pool = pool
        app.state.switches = Switches.of_the_shop()
        app.state.shelf = Shelf(app.state.switches)
        yield


app = Starlette(
    routes=[
        Route("/products", products),
        Route("/orders", take_order, methods=["POST"]),
        Route("/orders/{id:int}", order),
        Route("/members/{id:int}/newsletter", set_newsletter, methods=["PUT"]),
        Route("/healthz", healthz),
        Route("/metrics", metrics),
    ],
    middleware=[Middleware(Follow), Middleware(CountRequests)],
    exception_handlers={
        KeyError: _nonsense,
        TypeError: _nonsense,
        ValueError: _nonsense,
        psycopg.errors.IntegrityError: _nonsense,
        psycopg.OperationalError: _database_away,
        PoolTimeout: _database_away,
    },
    lifespan=_open_pool,
)


@click.command()
@click.option("--port", type=int, required=True)
def main(port: int) -> None:
    """Serve the API on a loopback port."""
    open_journal()
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
