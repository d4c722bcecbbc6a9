"""`kerasdemo serve`: the pages of a folder of runs, live, for who has the address.

It reads and never writes. The address holds a secret, chosen anew each time: no cookie, which other
servers on this machine would get as well, and nothing to log in to. Runs are named by keys that are
looked up among those that were found; nothing of an address becomes part of a path.
"""

import asyncio
import ipaddress
import logging
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kerasdemo.config import Fault, InputError
from kerasdemo.config.errors import first_line
from kerasdemo.diagnosis import diagnose
from kerasdemo.pages import list_page, message_page, run_page, runs_page
from kerasdemo.pages.board import Row
from kerasdemo.pages.feed import Feed, state_of, states_of
from kerasdemo.pages.page import Page, policy, render
from kerasdemo.records import RunFolder, read
from kerasdemo.records.index import reading_only

PORT = 8642
# Ports after the first that are tried where none is given.
MORE_PORTS = 20
# Seconds of reading before the list is shown with what is known by then.
FIRST_LOOK = 0.5
# Runs that are compared on one page.
MOST_COMPARED = 1_000
# Watchers at a time; a browser opens six streams at most.
MOST_STREAMS = 100

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
NOTHING = "default-src 'none'; frame-ancestors 'none'"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Guard:
    """Middleware: lets through only what a browser asks for on behalf of one of our own pages.

    A page elsewhere may get a browser to ask this server (DNS rebinding: under a name of its own).
    base: the beginning of every address, with the secret.
    names: by which this server may be called. any_address: or by any address in numbers.
    doors: addresses that lead to the first page once.
    """

    app: ASGIApp
    base: str
    names: frozenset[str]
    any_address: bool
    doors: list[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name for name, _ in message["headers"]}
                more = {"Content-Security-Policy": NOTHING, **HEADERS}
                pairs = [(k.lower().encode(), v.encode()) for k, v in more.items()]
                message["headers"] = [
                    *message["headers"],
                    *(pair for pair in pairs if pair[0] not in known),
                ]
            await send(message)

        refusal = self._refuse(scope, Headers(scope=scope))
        await (refusal or self.app)(scope, receive, send_with_headers)

    def _refuse(self, scope: Scope, headers: Headers) -> Response | None:
        if scope["method"] not in ("GET", "HEAD"):
            more = {"Allow": "GET, HEAD"}
            return PlainTextResponse("this server only reads\n", 405, more)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return PlainTextResponse("this server has another name\n", 421)
        origins = headers.getlist("origin")
        if origins and origins != [f"http://{hosts[0]}"]:
            return PlainTextResponse("not for pages from elsewhere\n", 403)
        site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
        if site in ("cross-site", "same-site") and mode != "navigate":
            return PlainTextResponse("not for pages from elsewhere\n", 403)
        if scope["path"] in self.doors and scope["method"] == "GET":
            self.doors.remove(scope["path"])
            return RedirectResponse(self.base, 303)
        start = scope["path"][: len(self.base)].encode("utf-8", "replace")
        if not secrets.compare_digest(start, self.base.encode()):
            return PlainTextResponse("not found: `kerasdemo serve` printed the address\n", 404)
        return None

    def _is_ours(self, host: str) -> bool:
        name, _, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
        if not name:
            name, port = port, ""
        name = name.lower()
        if port and not port.isdecimal():
            return False
        try:
            address = ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return name.removesuffix(".") in self.names
        return self.any_address or address.is_loopback


class Stream(StreamingResponse):
    """Server-sent events, as long as somebody listens. context: holds as long."""

    media_type = "text/event-stream"

    def __init__(self, content: Any, context: AbstractContextManager[None]):
        super().__init__(content, headers={"X-Accel-Buffering": "no"})
        self._context = context

    async def stream_response(self, send: Send) -> None:
        with self._context:
            await super().stream_response(send)


class Site:
    """The pages of a folder of runs.

    Args:
        root: the folder.
        base: the beginning of every address: `/<secret>/`.
    """

    def __init__(self, root: Path, base: str):
        self.root = root
        self.base = base
        self.feed = Feed(root)
        self._making = asyncio.Semaphore(2)

    @property
    def routes(self) -> list[Route]:
        return [
            Route(self.base, self.list),
            Route(f"{self.base}events", self.list_events),
            Route(f"{self.base}run/{{key}}", self.run),
            Route(f"{self.base}run/{{key}}/events", self.run_events),
            Route(f"{self.base}compare", self.compare),
            Route(f"{self.base}compare/events", self.compare_events),
        ]

    # Pages

    async def list(self, request: Request) -> Response:
        await self.feed.look(FIRST_LOOK)
        feed = self.feed
        rows = sorted(feed.rows.values(), key=lambda row: (row.order, str(row.path)))
        version = feed.version

        def make() -> Page:
            page = list_page.make(self.root, rows, self.base, feed.unread)
            # Of version 0 there is no row: then all rows are sent.
            known = 0 if page.data["more"] else version
            return self._live(page, {"kind": "list", "events": "events", "version": known})

        return await self._answer(make)

    async def run(self, request: Request) -> Response:
        row = await self._find(request.path_params["key"])
        if row is None:
            return await self._answer(self._missing, 404)
        return await self._answer(lambda: self._run_page(row))

    def _run_page(self, row: Row) -> Page:
        folder = RunFolder(row.path)
        state = state_of(folder)  # first: what changes while the page is made is made again
        known = {"kind": "run", "run": row.key, "events": f"run/{row.key}/events", "state": state}
        crumbs = [("All runs", self.base), (row.path.name, None)]
        try:
            run = read(row.path)
            page = run_page.make(run, diagnose(run))
        except InputError as error:
            problem = "deleted" if state == "gone" else "damaged, or just being written"
            page = message_page.make(row.path.name, f"This run is {problem}.", error.lines)
            return self._live(page, known | {"metrics": 0, "layers": 0, "damaged": True}, crumbs)
        layers = max((len(one.gradient_norm) for one in run.layers.values()), default=0)
        shown = {"metrics": run.history.epochs, "layers": layers, "ended": bool(run.facts)}
        return self._live(page, known | shown, crumbs)

    async def compare(self, request: Request) -> Response:
        chosen = len(set(request.query_params.getlist("run")))
        if chosen > MOST_COMPARED:
            problem = f"{chosen:,} runs were chosen; at most {MOST_COMPARED:,} are compared."
            page = message_page.make("Comparison", problem, ())
            crumbs = [("All runs", self.base), ("?", None)]
            return await self._answer(lambda: self._live(page, {"kind": "none"}, crumbs), 400)
        rows = await self._find_all(request)
        if not rows:
            return await self._answer(self._missing, 404)
        return await self._answer(lambda: self._runs_page(rows, request.url.query))

    def _runs_page(self, rows: Sequence[Row], query: str) -> Page:
        folders = self._folders(rows)
        state = states_of(folders)
        ended = all(folder.run_file.exists() for folder in folders)
        paths = {row.path: f"{self.base}run/{row.key}" for row in self.feed.rows.copy().values()}
        crumbs = [("All runs", self.base), ("Comparison", None)]
        try:
            page = runs_page.make([row.path for row in rows], link=paths.get)
        except InputError as error:
            page = message_page.make("Comparison", "These runs can't be compared.", error.lines)
        events = f"compare/events?{query}"
        known = {"kind": "runs", "events": events, "state": state, "ended": ended}
        return self._live(page, known, crumbs)

    def _missing(self) -> Page:
        problem = "There is no such run in this folder: it was deleted, or never was there."
        page = message_page.make("No such run", problem, ())
        return self._live(page, {"kind": "none"}, [("All runs", self.base), ("?", None)])

    def _live(
        self, page: Page, live: dict[str, Any], crumbs: Sequence[tuple[str, str | None]] = ()
    ) -> Page:
        """Return a page with the script that keeps it up to date, and the way back to the list."""
        data = {"inner": page.template, "live": {"base": self.base, **live}, "crumbs": crumbs}
        scripts = (*page.scripts, "live.js")
        return replace(
            page, template="live.html", data={**page.data, **data}, scripts=scripts, is_live=True
        )

    async def _answer(self, make: Callable[[], Page], status: int = 200) -> Response:
        async with self._making:
            return await asyncio.to_thread(self._render, make, status)

    def _render(self, make: Callable[[], Page], status: int) -> Response:
        try:
            with reading_only():
                page = make()
        except Exception as error:
            # What is on disk changes and may be anything: the others are still served.
            log.exception("a page could not be made")
            problem = "This page could not be made."
            page, status = message_page.make("Error", problem, [first_line(error)]), 500
        headers = {"Content-Security-Policy": f"{policy(page)}; frame-ancestors 'none'"}
        return Response(render(page), status, headers, "text/html")

    # Events

    async def list_events(self, request: Request) -> Response:
        version = _number(request, "version")
        return self._stream(request, self.feed.list_events(version), None)

    async def run_events(self, request: Request) -> Response:
        row = await self._find(request.path_params["key"])
        if row is None:
            return PlainTextResponse("no such run\n", 404)
        state = request.query_params.get("state", "")
        numbers = _number(request, "metrics"), _number(request, "layers")
        return self._stream(request, self.feed.run_events(row, state, *numbers), [row.path])

    async def compare_events(self, request: Request) -> Response:
        rows = await self._find_all(request)
        if not rows:
            return PlainTextResponse("no such runs\n", 404)
        folders = [folder.path for folder in self._folders(rows)]
        events = self.feed.runs_events(folders, request.query_params.get("state", ""))
        return self._stream(request, events, folders)

    def _stream(self, request: Request, events: Any, folders: Sequence[Path] | None) -> Response:
        if request.method == "HEAD":
            return Response(media_type=Stream.media_type)
        if self.feed.watchers >= MOST_STREAMS:
            return PlainTextResponse("too many pages are open\n", 503)
        return Stream(events, self.feed.watched(folders))

    # Runs

    async def _find(self, key: str) -> Row | None:
        """Return the run that a key names; one that just appeared is found as well."""
        row = self.feed.rows.get(key)
        if row is None:
            await self.feed.look()
            row = self.feed.rows.get(key)
        return row if row is not None and row.table == "runs" else None

    async def _find_all(self, request: Request) -> Sequence[Row]:
        """Return the runs and experiments that a query names, those that are there."""
        keys = list(dict.fromkeys(request.query_params.getlist("run")))[:MOST_COMPARED]
        if any(key not in self.feed.rows for key in keys):
            await self.feed.look()
        return [self.feed.rows[key] for key in keys if key in self.feed.rows]

    def _folders(self, rows: Sequence[Row]) -> Sequence[RunFolder]:
        """Return the folders of runs, and of the runs of experiments."""
        every = self.feed.rows.copy().values()
        inner = {row.path for row in rows if row.table == "experiments"}
        found = {row.path for row in rows if row.table == "runs"}
        found |= {one.path for one in every if one.table == "runs" and one.path.parent in inner}
        return [RunFolder(path) for path in sorted(found)]


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def make_app(root: Path, token: str, host: str = "127.0.0.1", door: str = "") -> Starlette:
    """Return the application that serves a folder of runs below `/<token>/`.

    Args:
        root: the folder.
        token: the secret in every address.
        host: the address that the server listens at, which decides by what names it may be called.
        door: `/<door>` leads to the first page, once; none where it is empty.
    """
    names = {"localhost"}
    if not _is_loopback(host):
        names |= {host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}
    base = f"/{token}/"
    guard = Middleware(
        Guard,
        base=base,
        names=frozenset(names),
        any_address=not _is_loopback(host),
        doors=[f"/{door}"] if door else [],
    )
    app = Starlette(routes=Site(root, base).routes, middleware=[guard])
    app.router.redirect_slashes = False
    return app


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class Server(uvicorn.Server):
    """A server that ends at once, whoever still listens."""

    def __init__(self, app: Starlette):
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # it would print the secret
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=0,
        )
        super().__init__(config)
        # What it says at the end of open streams is no error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Address:
    """Where a server listens.

    urls: that open its first page, the nearest first. door_url: opens it once, for a program whose
    arguments everybody on this machine can read.
    """

    socket: socket.socket
    host: str
    token: str
    door: str

    @property
    def urls(self) -> list[str]:
        port = self.socket.getsockname()[1]
        host = f"[{self.host}]" if ":" in self.host else self.host
        every = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - they are told
        hosts = [every[host], socket.gethostname()] if host in every else [host]
        return [f"http://{quote(one, safe='[]:.')}:{port}/{self.token}/" for one in hosts]

    @property
    def door_url(self) -> str:
        return self.urls[0].replace(f"/{self.token}/", f"/{self.door}")

    @property
    def is_public(self) -> bool:
        """Whether other machines can reach it."""
        return not _is_loopback(self.host)


def listen(host: str = "127.0.0.1", port: int | None = None) -> Address:
    """Reserve an address.

    Args:
        host: the address of this machine to listen at.
        port: 0: any that is free; None: the usual one, or the next that is free.

    Raises:
        InputError: where it is not an address of this machine, or in use.
    """
    ports = range(PORT, PORT + MORE_PORTS) if port is None else [port]
    problem: Exception | None = None
    for number in ports:
        try:
            found = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)
            family, kind, protocol, _, place = found[0]
            opened = socket.socket(family, kind, protocol)
            try:
                if os.name == "posix":  # elsewhere two servers could have one port
                    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                opened.bind(place)
                opened.listen(128)  # from now on who connects waits, and is served
            except BaseException:
                opened.close()
                raise
            return Address(opened, host, secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        except (OSError, UnicodeError, OverflowError) as error:
            problem = error
    reason = getattr(problem, "strerror", None) or str(problem)
    hint = "; choose another --port, or leave it out" if port is not None else ""
    raise InputError(Fault(f"can't listen at {host}, port {ports[-1]}: {reason}{hint}"))


def serve(root: Path, address: Address) -> None:
    """Serve a folder of runs until Ctrl-C.

    Raises:
        InputError: where there is no such folder.
        KeyboardInterrupt: at Ctrl-C.
    """
    server = Server(make_app(root, address.token, address.host, address.door))
    asyncio.run(server.serve(sockets=[address.socket]))
