"""The way to a Console is TLS: there too what is cut off is no answer, and a purge is sent at most once."""

import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from zipfile import is_zipfile

import pytest

from audit_archive.adapters.console.http import HttpPurgingConsole
from audit_archive.errors import ConsoleUnavailableError, InvalidExportError
from audit_archive.ports import PurgeAnswer
from local.console import ConsoleServer, Trail
from tests.network.faults import PLACES, Fault
from tests.network.proxy import FaultProxy, Order
from tests.network.tls import certificate
from tests.support.scripted import KEY, console

CUT = [Fault(do, at) for do in ("close", "reset") for at in PLACES if at != "whole"]
NO_ANSWER = PurgeAnswer(None, None)


@dataclass
class Way:
    """A Console, the proxy before it, and the product's client of it."""

    trail: Trail
    proxy: FaultProxy
    console: HttpPurgingConsole


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def way(shown: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(shown[0]))
    trail = Trail.generated(9)
    with ConsoleServer(trail, admin_key=KEY) as server, FaultProxy(server.url, shown[1]) as proxy:
        yield Way(trail, proxy, console(proxy.url))
    assert (server.crashes, proxy.crashes) == ([], [])


@pytest.mark.parametrize("fault", CUT, ids=str)
def test_a_get_that_is_cut_off_is_repeated(way: Way, fault: Fault) -> None:
    way.proxy.strike(Order(fault, "GET fetch"))
    assert way.console.peek().population == 9
    assert [seen.is_struck for seen in way.proxy.seen] == [True, False]


@pytest.mark.parametrize("fault", [each for each in CUT if each.at != "last byte"], ids=str)
def test_a_download_that_is_cut_off_is_begun_anew(way: Way, fault: Fault) -> None:
    """But for the last line feed, behind the end of the last chunk."""
    way.proxy.strike(Order(fault, "GET download/json", times=2))
    spool = BytesIO()
    way.console.download(spool)
    assert is_zipfile(spool)
    assert len(way.proxy.seen) == 3


@pytest.mark.parametrize("fault", CUT, ids=str)
def test_a_purge_that_is_cut_off_is_not_repeated(way: Way, fault: Fault) -> None:
    way.proxy.strike(Order(fault, "POST purge"))
    assert way.console.purge(4) == NO_ANSWER
    assert len(way.proxy.seen) == 1
    assert list(way.trail.snapshot().ids) == [5, 6, 7, 8, 9, 10]


def test_an_export_that_is_always_cut_off(way: Way) -> None:
    way.proxy.strike(Order(Fault("close", "middle"), "GET download/json", times=9))
    with pytest.raises(InvalidExportError, match="ended early"):
        way.console.download(BytesIO())
    assert len(way.proxy.seen) == 5


def test_who_is_not_trusted_is_told_nothing(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(ConsoleUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        way.console.peek()
    with pytest.raises(ConsoleUnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
        way.console.purge(4)
    assert way.proxy.seen == []


class _Blurts(BaseRequestHandler):
    """Reads what comes first, says something that is no TLS, and hangs up."""

    said = b""

    def handle(self) -> None:
        self.request.recv(65536)
        self.request.sendall(self.said)


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28"])
def test_a_handshake_that_fails(said: bytes) -> None:
    """Nobody can say how far it came, so a purge counts as sent."""
    with ThreadingTCPServer(("127.0.0.1", 0), type("Blurts", (_Blurts,), {"said": said})) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        over_tls = console(f"https://127.0.0.1:{server.server_address[1]}")
        with pytest.raises(ConsoleUnavailableError, match="next run"):
            over_tls.peek()
        assert over_tls.purge(4) == NO_ANSWER
        server.shutdown()
