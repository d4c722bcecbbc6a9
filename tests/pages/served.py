"""A real server in a thread, and runs that grow as a training writes them."""

import asyncio
import http.client
import json
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kerasdemo import config
from kerasdemo.pages import server
from kerasdemo.records import RunFolder

LAYER = {"gradient_norm": 0.5, "weight_norm": 2.0, "update_ratio": 0.1, "dead": 0.0}


@dataclass(frozen=True)
class Served:
    """A server that runs. url: of its first page."""

    url: str
    base: str
    port: int
    server: server.Server
    thread: threading.Thread

    def get(self, path: str = "") -> str:
        """Return the text of a page below the secret address."""
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:
            return str(answer.read().decode())

    def ask(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, Mapping[str, str], str]:
        """Return the status, the headers and the body of any request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        text = answer.read().decode()
        connection.close()
        return answer.status, found, text

    def listen(self, path: str) -> "Events":
        """Open a stream of events."""
        return Events(self.url + path)


class Events:
    """A stream of events, as a browser reads it."""

    def __init__(self, url: str):
        place = urlsplit(url)
        self.connection = http.client.HTTPConnection(place.netloc, timeout=30)
        self.connection.request("GET", f"{place.path}?{place.query}")
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        assert self.answer.headers["content-type"].startswith("text/event-stream")

    def next(self) -> tuple[str, Any]:
        """Return the kind and the data of the next event."""
        kind = ""
        while True:
            text = self.answer.readline().decode()
            line = text.rstrip("\n")
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                return kind, json.loads(line.removeprefix("data: "))
            elif not text:
                raise EOFError

    def row(self, name: str, table: str = "runs") -> Mapping[str, str]:
        """Return the next text of each cell of a row of the list."""
        while True:
            kind, data = self.next()
            assert kind == "rows"
            for row in data["rows"]:
                if row["table"] == table and row["cells"]["name"]["text"] == name:
                    return {key: cell["text"] for key, cell in row["cells"].items()}

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


@contextmanager
def serving(root: Path, host: str = "127.0.0.1", door: str = "") -> Iterator[Served]:
    """Serve a folder as `kerasdemo serve` does."""
    address = server.listen(host, 0)
    running = server.Server(server.make_app(root, address.token, host, door))
    thread = threading.Thread(
        target=lambda: asyncio.run(running.serve(sockets=[address.socket])), daemon=True
    )
    thread.start()
    place = urlsplit(address.urls[0])
    try:
        yield Served(address.urls[0], place.path, place.port or 0, running, thread)
    finally:
        running.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def begin_run(path: Path, epochs: int = 0, total: int = 8, name: str = "growing") -> RunFolder:
    """Write the folder of a run that trains and has so many epochs so far."""
    folder = RunFolder(path)
    text = f"name: {name}\ndata: {{name: fizzbuzz}}\ntraining: {{epochs: {total}}}"
    folder.create(config.parse(text, "run.yaml"))
    for epoch in range(1, epochs + 1):
        add_epoch(folder, epoch)
    return folder


def add_epoch(folder: RunFolder, epoch: int) -> None:
    """Add what an epoch adds to a run's folder."""
    row = {"loss": 1 / epoch, "accuracy": 1 - 0.5 / epoch, "learning_rate": 0.001}
    row |= {"val_loss": 1.1 / epoch, "val_accuracy": 1 - 0.6 / epoch}
    folder.add_epoch(epoch, row)
    folder.add_time(epoch, 2.0)
    layer = {**LAYER, "saturated": 0.01 * epoch}
    folder.add_layers(epoch, {"dense_1": layer, "output": layer})


def end_run(folder: RunFolder, epochs: int, status: str = "finished", **facts: Any) -> None:
    """Write how a run ended."""
    known = {"status": status, "kept_epoch": epochs, "seconds": 2.0 * epochs}
    folder.finish({**known, "data": {"source": "fizzbuzz"}, **facts})


def contents(root: Path) -> dict[Path, tuple[bytes, int]]:
    """Return every file below a folder: its content and when it was written."""
    return {
        file: (file.read_bytes(), file.stat().st_mtime_ns)
        for file in root.rglob("*")
        if file.is_file()
    }
