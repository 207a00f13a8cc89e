"""Encrypted connections: what the server shows, what it refuses to start with, and who is believed."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import sys

import httpx2
import pytest

from fleetlane.adapters.server_link import ServerAddress, ServerAddressError
from fleetlane.cli.api import ServerCallError, api_of
from fleetlane.settings import Settings, SettingsError, load_settings
from fleetlane.simulator.fleets.fleet import free_port
from support.certificates import Authority
from support.linked import LinkedHost, LinkedServer, until
from support.server import ServerThread

TOKEN = "0123456789abcdef-secret"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def files(authority):
    return authority.signed("127.0.0.1", "fleet.lan")


@pytest.fixture(scope="module")
def server(files, tmp_path_factory):
    settings = {"tls_cert": files[0], "tls_key": files[1], "token": TOKEN}
    with ServerThread(tmp_path_factory.mktemp("data"), **settings) as server:
        yield server


def test_with_a_certificate_everything_is_encrypted_and_nothing_else_is_answered(server):
    assert server.http.get("/healthz").status_code == 200
    with pytest.raises(httpx2.TransportError):
        httpx2.get(f"http://127.0.0.1:{server.settings.port}/healthz")


def test_the_cookie_of_a_session_is_for_https_alone(server):
    answer = server.http.post("/login", data={"token": TOKEN}, headers={"HX-Request": "true"})
    assert "secure" in answer.headers["Set-Cookie"].lower()


def test_who_sends_everything_before_reading_hears_why_it_was_refused(server):
    tls = ssl.create_default_context(cafile=server.settings.tls_cert)
    tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    address = ("127.0.0.1", server.settings.port)
    with socket.create_connection(address, 20) as raw, tls.wrap_socket(raw, server_hostname="127.0.0.1") as sent:
        sent.sendall(b"POST /api/v1/task HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n")
        sent.sendall(b"Content-Length: 30000000\r\n\r\n" + b"x" * 30_000_000)
        assert b" 403 " in sent.recv(65536).splitlines()[0]


def test_a_command_on_this_computer_knows_its_server_by_the_certificate_of_the_settings(server, authority, tmp_path):
    with api_of(server.settings) as api:
        assert api.get("/task")["total"] == 0
    cert, key = authority.signed("127.0.0.1", "localhost")
    other = Settings(data_dir=tmp_path, port=server.settings.port, token=TOKEN, tls_cert=cert, tls_key=key)
    with api_of(other) as api, pytest.raises(ServerCallError, match="No server answers at https://localhost"):
        api.get("/task")


def test_it_says_at_which_address_it_serves(files, tmp_path):
    port = free_port()
    settings = {"PORT": port, "ADB_PORT": free_port(), "DATA_DIR": tmp_path, "TLS_CERT": files[0], "TLS_KEY": files[1]}
    environment = {**os.environ, **{f"FLEETLANE_{name}": str(value) for name, value in settings.items()}}
    command = [sys.executable, "-m", "fleetlane", "serve"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as serving:
        said = next(line for line in serving.stderr if "Fleetlane serves" in line)
        serving.terminate()
        serving.stderr.read()
    assert f"https://127.0.0.1:{port}/api/v1" in said


def test_a_certificate_and_its_key_come_together(files):
    cert, key = files
    with pytest.raises(SettingsError, match="tls_cert is given without tls_key: give both, or none"):
        load_settings(tls_cert=cert)
    with pytest.raises(SettingsError, match="tls_key is given without tls_cert: give both, or none"):
        load_settings(tls_key=key)
    assert load_settings(tls_cert=cert, tls_key=key).tls is not None
    assert load_settings().tls is None


def test_files_that_are_no_certificate_and_its_key_are_named(authority, files, tmp_path):
    cert, key = files
    _, other = authority.signed("other.lan")
    rubbish = tmp_path / "rubbish.pem"
    rubbish.touch(mode=0o600)
    rubbish.write_text("rubbish")
    for pair in ((cert, other), (rubbish, key), (cert, rubbish)):
        with pytest.raises(SettingsError, match="are no certificate and its key"):
            load_settings(tls_cert=pair[0], tls_key=pair[1])
    with pytest.raises(SettingsError, match=r"tls_key .*nowhere cannot be read"):
        load_settings(tls_cert=cert, tls_key=tmp_path / "nowhere")


@pytest.mark.skipif(os.name != "posix", reason="file modes are for POSIX systems")
def test_a_key_that_others_can_read_is_refused(files, tmp_path):
    open_to_all = tmp_path / "key"
    open_to_all.write_bytes(files[1].read_bytes())
    open_to_all.chmod(0o644)
    with pytest.raises(SettingsError, match=r"tls_key .* can be read by others: chmod 600"):
        load_settings(tls_cert=files[0], tls_key=open_to_all)


# -- links ---------------------------------------------------------------------------------------------


class Echo:
    async def answer(self, verb, body, attachment):
        return body, attachment


def linked(files, ca):
    """Return what a host says of its link to a server with a certificate, and what it answers by it, None for none."""

    async def whole():
        server = LinkedServer(tls=load_settings(tls_cert=files[0], tls_key=files[1]).tls)
        await server.start()
        host = LinkedHost(server.url, await server.tokens.issue("rack2"), Echo(), ca=ca)
        try:
            await until(lambda: host.said)
            linked = host.said[0] is None
            return host.said[0], linked and (await server.links.ask("rack2", "v", {}, b"x" * 3_000_000, timeout_s=10))[
                1
            ]
        finally:
            await host.stop()
            await server.stop()

    return asyncio.run(whole())


def test_a_host_is_linked_by_https_to_a_server_of_an_authority_it_was_told_of(authority, files):
    assert linked(files, authority.file) == (None, b"x" * 3_000_000)


def test_a_host_believes_no_other_authority_and_no_certificate_of_another_host(authority, files, tmp_path):
    for shown, ca in ((files, None), (files, Authority(tmp_path).file), (authority.signed("x.lan"), authority.file)):
        said, answered = linked(shown, ca)
        assert "certificate is not trusted" in said
        assert not answered


@pytest.mark.parametrize(
    ("url", "goes_to"),
    [
        ("https://fleet.lan", "wss://fleet.lan/api/v1/hosts/link"),
        ("https://fleet.lan:50809/", "wss://fleet.lan:50809/api/v1/hosts/link"),
        ("https://[::1]:50809", "wss://[::1]:50809/api/v1/hosts/link"),
        ("http://localhost:50809", "ws://localhost:50809/api/v1/hosts/link"),
        ("http://127.0.0.1", "ws://127.0.0.1/api/v1/hosts/link"),
    ],
)
def test_the_address_of_a_server_is_that_of_its_links(url, goes_to):
    address = ServerAddress.of(url)
    assert (address.url, address.tls is None) == (goes_to, url.startswith("http:"))


@pytest.mark.parametrize("url", ["http://fleet.lan:50809", "http://192.168.1.5", "http://localhost.evil.example"])
def test_nothing_goes_to_another_computer_unencrypted(url):
    with pytest.raises(ServerAddressError, match=r"Use https://.*tls_cert and tls_key"):
        ServerAddress.of(url)


@pytest.mark.parametrize(
    "url",
    ["", "fleet.lan", "ftp://fleet.lan", "https://", "https://fleet.lan/pages", "https://u:p@fleet.lan", "https://a:x",
     "https://fleet.lan?x=1", "wss://fleet.lan"],
)  # fmt: skip
def test_what_is_no_address_of_a_server_is_refused(url):
    with pytest.raises(ServerAddressError, match="is no address of a server"):
        ServerAddress.of(url)


def test_a_file_of_authorities_that_is_none_is_named(tmp_path):
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("rubbish")
    for file in (rubbish, tmp_path / "nowhere"):
        with pytest.raises(ServerAddressError, match="cannot be read as certificates"):
            ServerAddress.of("https://fleet.lan", file)
