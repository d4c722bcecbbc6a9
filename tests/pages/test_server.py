"""`kerasdemo serve` shows what is there, to nobody but who has the address, and never writes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerasdemo.config import InputError
from kerasdemo.pages import server
from tests.factories import write_run
from tests.pages.served import Served, begin_run, contents, end_run, serving

HOSTILE = "<script>alert(1)</script>\"'&\u202e {{ 7*7 }}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    for seed in (0, 1):
        text = f"name: small\nseed: {seed}\ndata: {{name: fizzbuzz}}"
        write_run(folder / f"small-{seed}", text)
    begin_run(folder / "sweep" / "growing-1", 2)
    entry = {"label": "units=3", "values": {"network.units": 3}, "seed": 0}
    record = {"name": "sweep", "question": "Which?", "runs": {"growing-1": entry, "later": entry}}
    (folder / "sweep" / "sweep.json").write_text(json.dumps(record))
    return folder


@pytest.fixture
def served(root: Path) -> Iterator[Served]:
    with serving(root) as one:
        yield one


def links(text: str, kind: str) -> list[str]:
    """Return the last parts of a page's links to runs or comparisons."""
    return [part.split('"')[0] for part in text.split(f"/{kind}")[1:]]


# Pages


def test_each_run_has_a_row_and_a_page(served: Served) -> None:
    text = served.get()
    for shown in ("small-0", "small-1", "sweep/growing-1", "units=3, seed 0", "Which?", "running"):
        assert shown in text
    keys = [key for key in links(text, "run/") if key]
    assert len(keys) == 3
    for key in keys:
        assert "small" in (page := served.get(f"run/{key}")) or "growing" in page


def test_experiments_and_chosen_runs_are_compared(served: Served) -> None:
    text = served.get()
    (experiment,) = [query for query in links(text, "compare?run=") if query]
    assert "growing-1" in served.get(f"compare?run={experiment}")
    keys = [key for key in links(text, "run/") if key]
    page = served.get("compare?" + "&".join(f"run={key}" for key in keys))
    assert "small-0" in page and "growing-1" in page


def test_nothing_is_written(root: Path, served: Served) -> None:
    before = contents(root)
    keys = [key for key in links(served.get(), "run/") if key]
    for key in keys:
        served.get(f"run/{key}")
        served.listen(f"run/{key}/events").close()
    query = "&".join(f"run={key}" for key in keys)
    served.get(f"compare?{query}")
    for stream in (served.listen("events?version=0"), served.listen(f"compare/events?{query}")):
        stream.next()
        stream.close()
    assert contents(root) == before


def test_damaged_deleted_and_foreign_folders_are_shown_as_such(root: Path, served: Served) -> None:
    (root / "small-0" / "run.json").write_text("{")
    (root / "small-1" / "metrics.csv").write_text("epoch,loss\n1,x\n")
    (root / "holiday").mkdir()
    (root / "sweep" / "sweep.json").write_text("[")
    text = served.get()
    assert text.count("damaged") >= 3
    assert "holiday" not in text
    keys = [key for key in links(text, "run/") if key]
    pages = [served.get(f"run/{key}") for key in keys]
    assert sum("This run is damaged" in page for page in pages) == 2
    shutil.rmtree(root / "small-0")
    gone = {served.ask(f"{served.base}run/{key}")[0] for key in keys}
    assert gone <= {200, 404}
    shutil.rmtree(root)
    assert "There is no run here yet" in served.get()
    for key in keys:
        assert served.ask(f"{served.base}run/{key}")[0] == 404


def test_hostile_names_and_texts_are_text(root: Path, served: Served) -> None:
    name = HOSTILE.replace("/", "|")
    folder = begin_run(root / name, 2)
    end_run(folder, 2, "failed", reason=HOSTILE * 100)
    odd = os.fsdecode(b"not-utf-8-\xff\n")
    begin_run(root / odd, 2)
    text = served.get()
    assert "<script>alert" not in text and "\u202e" not in text and "{{ 7*7 }}" in text
    keys = [key for key in links(text, "run/") if key]
    assert len(keys) == 5
    for key in keys:
        page = served.get(f"run/{key}")
        assert "<script>alert" not in page and "\u202e" not in page
    assert "<script>alert" not in served.get("compare?" + "&".join(f"run={k}" for k in keys))


def test_of_too_many_chosen_runs_none_is_left_out_in_silence(served: Served) -> None:
    query = "&".join(f"run={number}" for number in range(1_001))
    status, _, text = served.ask(f"{served.base}compare?{query}")
    assert status == 400
    assert "1,001 runs were chosen" in text


def test_a_run_folder_is_served_itself(root: Path) -> None:
    with serving(root / "small-0") as served:
        (key,) = [key for key in links(served.get(), "run/") if key]
        assert "small-0" in served.get(f"run/{key}")


def test_of_a_run_folder_nothing_beside_it_is_served(root: Path) -> None:
    with serving(root / "sweep" / "growing-1") as served:
        assert "growing-1" in served.get()
        assert "Which?" not in served.get()


# Security


@pytest.mark.parametrize("path", ["/", "/x/", "/run/x", "//", "/{base}", "/..", "/%2e%2e/"])
def test_without_the_secret_there_is_nothing(served: Served, path: str) -> None:
    status, headers, text = served.ask(path)
    assert status == 404
    assert "small" not in text and served.base not in text
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    "path",
    [
        "run/small-0", "run/..", "run/../small-0", "run/%2e%2e%2fsmall-0",
        "run/..%2f..%2fetc%2fpasswd",
        "run/small-0/run.json", "compare", "compare?run=../small-0", "run/%00", "run/x/events",
        "compare/events?run=x", "static/page.css", "events/",
    ],
)  # fmt: skip
def test_no_name_becomes_a_path(served: Served, path: str) -> None:
    status, _, text = served.ask(served.base + path)
    assert status == 404
    assert "fizzbuzz" not in text and "root:" not in text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8642"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "192.168.0.1"},
        {"Host": "[::ffff:8.8.8.8]:80"},
        {"Host": "localhost:80@evil.example"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_pages_from_elsewhere_get_nothing(served: Served, headers: dict[str, str]) -> None:
    status, answered, text = served.ask(served.base, **headers)
    assert status in (400, 403, 421)
    assert "small" not in text
    assert "access-control-allow-origin" not in answered


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8642", "127.0.0.1:9", "[::1]:8642"])
def test_names_of_this_machine_are_let_in(served: Served, host: str) -> None:
    assert served.ask(served.base, Host=host)[0] == 200
    assert served.ask(served.base, Host=host, Origin=f"http://{host}")[0] == 200
    # A link in another program's page leads here.
    there = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert served.ask(served.base, Host=host, **there)[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_it_only_reads(served: Served, method: str) -> None:
    status, headers, _ = served.ask(served.base, method)
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert "access-control-allow-methods" not in headers


def test_pages_may_run_and_load_nothing_but_their_own(served: Served) -> None:
    for path in ("", f"run/{links(served.get(), 'run/')[0]}"):
        status, headers, text = served.ask(served.base + path)
        assert status == 200
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert all(one.startswith("'sha256-") for one in policy["script-src"].split())
        assert policy["connect-src"] == "'self'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers and "set-cookie" not in headers
        assert "onclick" not in text


def test_head_sends_no_body_and_ends(served: Served) -> None:
    for path in ("", "events"):
        status, _, text = served.ask(served.base + path, "HEAD")
        assert (status, text) == (200, "")


def test_other_machines_need_the_secret_as_well(root: Path) -> None:
    with serving(root, "0.0.0.0") as served:
        assert served.ask("/")[0] == 404
        assert served.ask(served.base, Host="192.168.0.1:8642")[0] == 200
        assert served.ask(served.base, Host=socket.gethostname())[0] == 200
        assert served.ask(served.base, Host="evil.example")[0] == 421


def test_a_browser_is_let_in_once_by_an_address_that_others_can_read(root: Path) -> None:
    with serving(root, door="once") as served:
        status, headers, _ = served.ask("/once")
        assert (status, headers["location"]) == (303, served.base)
        assert served.ask("/once")[0] == 404


def test_each_server_has_another_secret() -> None:
    addresses = [server.listen(port=0) for _ in range(2)]
    tokens = {address.token for address in addresses}
    for address in addresses:
        address.socket.close()
    assert len(tokens) == 2 and all(len(token) >= 32 for token in tokens)


# Clients


def test_slow_and_gone_clients_block_nobody(root: Path, served: Served) -> None:
    folder = begin_run(root / "long", 1)
    row = "0.5,0.5,0.001,0.5,0.5"
    lines = [f"{epoch},{row}\n" for epoch in range(1, 60_000)]
    folder.metrics_file.write_text(
        "epoch,loss,accuracy,learning_rate,val_loss,val_accuracy\n" + "".join(lines)
    )
    feed = served.server.config.app.routes[0].endpoint.__self__.feed  # type: ignore[union-attr]
    served.get()
    key = next(row.key for row in feed.rows.values() if row.path == folder.path)
    slow = served.listen(f"run/{key}/events")  # and never reads on
    began = time.monotonic()
    assert "long" in served.get()
    other = served.listen(f"run/{key}/events?metrics=59990&layers=59990")
    assert other.next()[0] == "reload"  # it did not say which state it knows
    assert other.next()[1]["epoch"] == 59991
    assert time.monotonic() - began < 10
    assert feed.watchers == 2
    slow.close()
    other.close()
    while feed.watchers and time.monotonic() - began < 30:
        time.sleep(0.1)
    assert feed.watchers == 0


# Addresses, the command


def test_a_port_in_use_is_an_error_and_the_usual_one_gives_way() -> None:
    first = server.listen()
    try:
        port = first.socket.getsockname()[1]
        with pytest.raises(InputError, match=f"can't listen at 127.0.0.1, port {port}"):
            server.listen(port=port)
        second = server.listen()
        assert second.socket.getsockname()[1] != port
        second.socket.close()
    finally:
        first.socket.close()


@pytest.mark.parametrize("host", ["nowhere.invalid", "8.8.8.8", "", "a" * 300, "\u2028", "1 2"])
def test_an_address_that_is_not_ours_is_an_error(host: str) -> None:
    with pytest.raises(InputError, match="can't listen at"):
        server.listen(host, 0).socket.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_ctrl_c_ends_it_at_once_while_somebody_listens(root: Path, host: str) -> None:
    command = [sys.executable, "-m", "kerasdemo", "serve", str(root), "--port", "0", "--no-open"]
    process = subprocess.Popen(
        [*command, "--host", host], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        lines = [process.stdout.readline().strip()]
        while lines[-1] != "Ctrl-C ends it":
            lines.append(process.stdout.readline().strip())
        assert lines[0] == f"serves the runs in {root}, reading only"
        url = lines[1]
        served = Served(url, "/" + url.split("/", 3)[3], 0, None, None)  # type: ignore[arg-type]
        stream = served.listen("events?version=0")
        stream.next()
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=20)
        assert time.monotonic() - began < 5
        assert process.returncode == 0
        assert errors == ""
        assert "ended" in rest
        assert ("not encrypted" in " ".join(lines)) == (host == "0.0.0.0")
        stream.close()
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            pipe.close()  # type: ignore[union-attr]
    with pytest.raises(urllib.error.URLError):
        served.get()
