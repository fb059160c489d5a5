"""The shop's front: pages for people, made from the API's answers. `python -m shop.web --port N`.

SHOP_API_URL names the API; if it is down, customers get an honest 503 page.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from html import escape
from pathlib import Path
from typing import Any

import click
import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from uvicorn.config import LOGGING_CONFIG

from shop.exposition import CountRequests, metrics

PAGE = """<!doctype html><html lang="ja"><meta charset="utf-8"><title>南風商店</title>
<h1>南風商店</h1>{body}</html>"""

SHELF = """<form method="post" action="/buy/{id}"><p>{name} ¥{price_yen:,} <button>買う</button></p></form>"""


async def shelves(request: Request) -> Response:
    """Show what is for sale."""
    api: httpx.AsyncClient = request.app.state.api
    answer = (await api.get("/products")).raise_for_status()
    goods = (SHELF.format(**{**product, "name": escape(product["name"])}) for product in answer.json())
    return HTMLResponse(PAGE.format(body="".join(goods)))


async def buy(request: Request) -> Response:
    """Order one of a product for the first customer, then show the order."""
    api: httpx.AsyncClient = request.app.state.api
    wish = {"customer": 1, "product": request.path_params["id"], "quantity": 1}
    answer = (await api.post("/orders", json=wish)).raise_for_status()
    return RedirectResponse(f"/orders/{answer.json()['id']}", status_code=303)


async def order(request: Request) -> Response:
    """Show one order."""
    api: httpx.AsyncClient = request.app.state.api
    answer = (await api.get(f"/orders/{request.path_params['id']}")).raise_for_status()
    return HTMLResponse(PAGE.format(body="<p>注文 {id} ¥{amount_yen:,}</p>".format(**answer.json())))


def healthz(_: Request) -> Response:
    """Say that the front itself is up."""
    return PlainTextResponse("ok\n")


def _api_away(_: Request, __: Exception) -> Response:
    return HTMLResponse(PAGE.format(body="<p>ただいま注文を受けられません。</p>"), status_code=503)


@asynccontextmanager
async def _open_api(app: Starlette) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=os.environ["SHOP_API_URL"], timeout=5) as api:
        app.state.api = api
        yield


app = Starlette(
    routes=[
        Route("/", shelves),
        Route("/buy/{id:int}", buy, methods=["POST"]),
        Route("/orders/{id:int}", order),
        Route("/healthz", healthz),
        Route("/metrics", metrics),
    ],
    middleware=[Middleware(CountRequests)],
    exception_handlers={httpx.HTTPError: _api_away},
    lifespan=_open_api,
)


def logging_into(folder: Path) -> dict[str, Any]:
    """Return uvicorn's logging, with a line for each request in *folder*, one file per day."""
    config = deepcopy(LOGGING_CONFIG)
    config["handlers"]["access"] |= {
        "class": "logging.handlers.TimedRotatingFileHandler",
        "filename": str(folder / "access.log"),
        "when": "midnight",
        "encoding": "utf-8",
    }
    del config["handlers"]["access"]["stream"]
    words = '%(asctime)s %(client_addr)s "%(request_line)s" %(status_code)s'
    config["formatters"]["access"] |= {"fmt": words, "use_colors": False}
    return config


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--logs", type=click.Path(path_type=Path, file_okay=False), help="Keep an access log there.")
def main(port: int, logs: Path | None) -> None:
    """Serve the front on a loopback port."""
    config = LOGGING_CONFIG
    if logs is not None:
        logs.mkdir(mode=0o750, parents=True, exist_ok=True)
        config = logging_into(logs)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        access_log=logs is not None,
        log_config=config,
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
