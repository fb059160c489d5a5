"""The shop's API: products and orders as JSON over PostgreSQL. `python -m shop.api --port N`.

SHOP_DATABASE_URL names the database, SHOP_ERRORS_DSN the error tracker, SHOP_SWITCHES the folder of its
switches. Answers 503 while the database is unavailable: an outage is a fact to report, not a reason to die.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
import psycopg
import sentry_sdk
import uvicorn
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from shop.exposition import CountRequests, metrics
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


async def _rows(request: Request, query: str, **params: object) -> list[dict[str, Any]]:
    pool: Pool = request.app.state.pool
    async with pool.connection() as connection:
        return await (await connection.execute(query, params)).fetchall()


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
    pool: Pool = request.app.state.pool
    async with pool.connection() as connection:
        order = await (await connection.execute(NEW_ORDER, wish)).fetchone()
        if order is None:
            raise HTTPException(422, "no such product")
    return JSONResponse(order, status_code=201)


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


def _nonsense(_: Request, problem: Exception) -> Response:
    return JSONResponse({"error": type(problem).__name__}, status_code=422)


def _database_away(_: Request, problem: Exception) -> Response:
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
        Route("/healthz", healthz),
        Route("/metrics", metrics),
    ],
    middleware=[Middleware(CountRequests)],
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
    # Without a DSN the SDK does nothing.
    sentry_sdk.init(os.environ.get("SHOP_ERRORS_DSN"), release="shop@1.0.0", environment="production")
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
