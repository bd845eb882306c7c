"""Endpoints that lead into our own house are never called, whatever name leads there (Q16)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from gateway.notifications.endpoints import Caller, EndpointPolicy, EndpointRefused, NotTaken
from tests.notifications.world import endpoint
from tests.waiting import PATIENCE

ANY = "http://hooks.example http://127.0.0.1 https://hooks.example/fhir"

INTERNAL = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",  # a cloud's metadata service
    "169.254.169.254",  # the metadata service of most clouds
    "169.254.170.2",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",  # a metadata service over IPv6
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",  # 169.254.169.254 through NAT64
    "2002:7f00:1::",  # 127.0.0.1 through 6to4
    "2001:db8::1",
    "not-an-address",
]


@pytest.mark.parametrize("address", INTERNAL)
def test_no_internal_address_is_admitted(address: str) -> None:
    assert not EndpointPolicy().admits(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_public_addresses_are(address: str) -> None:
    assert EndpointPolicy().admits(address)


def test_a_network_may_be_allowed() -> None:
    policy = EndpointPolicy.of("", "10.1.0.0/16 127.0.0.0/8")
    assert policy.admits("10.1.2.3") and policy.admits("127.0.0.1")
    assert policy.admits("::ffff:10.1.2.3")
    assert not policy.admits("10.2.0.1") and not policy.admits("169.254.169.254")


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example.evil/",
        "http://hooks.example@evil/",
        "http://hooks.example:80@127.0.0.1/",
        "http://hooks.example:81/",
        "https://hooks.example/other",
        "https://hooks.example/fhirx",
        "https://hooks.example/fhir/../admin",
        "https://hooks.example/fhir/%2e%2e/admin",
        "https://hooks.example/fhir/%2E./admin",
        "https://hooks.example\\@evil/fhir",
        "https://hooks.example/fhir#x",
        "http://hooks.example /",
        "http://hooks.example/\r\nHost: evil",
        "http://hooks.example/\x00",
        "ftp://hooks.example/",
        "file:///etc/passwd",
        "gopher://hooks.example/",
        "//hooks.example/",
        "hooks.example",
        "http://",
        "http:///x",
        "http://hooks.example:99999/",
        "http://[::1/",
        "",
    ],
)
def test_what_is_not_on_the_list_is_refused(address: str) -> None:
    policy = EndpointPolicy.of("http://hooks.example https://hooks.example/fhir", "")
    with pytest.raises(EndpointRefused):
        policy.check(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example/",
        "http://hooks.example",
        "http://HOOKS.example:80/x?y=1",
        "https://hooks.example/fhir",
        "https://hooks.example:443/fhir/a/b",
    ],
)
def test_what_is_on_the_list_is_allowed(address: str) -> None:
    EndpointPolicy.of("http://hooks.example https://hooks.example/fhir", "").check(address)


def test_an_empty_list_allows_nothing() -> None:
    with pytest.raises(EndpointRefused):
        EndpointPolicy().check("https://hooks.example/")


def called(
    address: str,
    policy: EndpointPolicy,
    answers: Sequence[Sequence[str]] = (),
) -> str:
    """Post once; give what went wrong, or nothing."""
    asked = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return asked.pop(0) if asked else [host]

    async def go() -> str:
        caller = Caller(policy, resolve=resolve, seconds=PATIENCE)
        try:
            await caller.post(address, b"{}", "application/json", {})
        except NotTaken as failure:
            return str(failure)
        finally:
            await caller.close()
        return ""

    return asyncio.run(go())


@pytest.mark.parametrize("address", INTERNAL[:-1])
def test_a_name_that_leads_inside_is_not_called(address: str) -> None:
    policy = EndpointPolicy.of("http://hooks.example", "")
    failure = called("http://hooks.example/", policy, [[address]])
    assert failure == "the endpoint leads to an address this gateway may not call"
    both = called("http://hooks.example/", policy, [["93.184.216.34", address]])
    assert both == failure


def test_a_trap_on_loopback_is_never_reached() -> None:
    async def go() -> int:
        async with endpoint() as trap:
            caller = Caller(
                EndpointPolicy.of(f"http://localhost:{trap.port}", ""), seconds=PATIENCE
            )
            with pytest.raises(NotTaken, match="may not call"):
                await caller.post(f"http://localhost:{trap.port}/", b"{}", "text/plain", {})
            await caller.close()
            return trap.connections

    assert asyncio.run(go()) == 0


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_numbers_that_mean_loopback_are_never_reached(host: str) -> None:
    async def go() -> int:
        async with endpoint() as trap:
            address = f"http://{host}:{trap.port}"
            caller = Caller(EndpointPolicy.of(address, ""), seconds=PATIENCE)
            with pytest.raises(NotTaken):
                await caller.post(address + "/", b"{}", "text/plain", {})
            await caller.close()
            return trap.connections

    assert asyncio.run(go()) == 0


def test_a_redirect_is_not_followed() -> None:
    async def go() -> tuple[int, int]:
        async with endpoint() as trap, endpoint("127.0.0.2") as sends_on:
            sends_on.status = [307]
            sends_on.location = trap.url
            policy = EndpointPolicy.of(f"http://127.0.0.2:{sends_on.port}", "127.0.0.2/32")
            caller = Caller(policy, seconds=PATIENCE)
            with pytest.raises(NotTaken, match="answered 307"):
                await caller.post(f"http://127.0.0.2:{sends_on.port}/", b"{}", "text/plain", {})
            await caller.close()
            return sends_on.connections, trap.connections

    assert asyncio.run(go()) == (1, 0)


def test_a_name_is_resolved_once_and_the_address_looked_at_is_the_one_called() -> None:
    """A name server that answers differently the second time gains nothing."""

    async def go() -> tuple[int, list[str], str]:
        questions: list[str] = []

        async with endpoint() as trap, endpoint("127.0.0.2") as real:

            async def resolve(host: str, port: int) -> Sequence[str]:
                questions.append(host)
                return ["127.0.0.2"] if len(questions) == 1 else ["127.0.0.1"]

            policy = EndpointPolicy.of(f"http://hooks.example:{real.port}", "127.0.0.2/32")
            caller = Caller(policy, resolve=resolve, seconds=PATIENCE)
            await caller.post(f"http://hooks.example:{real.port}/a?b=c", b"{}", "text/plain", {})
            await caller.close()
            (got,) = real.received
            assert got.path == "/a?b=c"
            return trap.connections, questions, got.headers["host"].partition(":")[0]

    assert asyncio.run(go()) == (0, ["hooks.example"], "hooks.example")


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go() -> tuple[int, int]:
        async with endpoint() as proxy, endpoint("127.0.0.2") as real:
            for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, proxy.url)
            policy = EndpointPolicy.of(f"http://127.0.0.2:{real.port}", "127.0.0.2/32")
            caller = Caller(policy, seconds=PATIENCE)
            await caller.post(f"http://127.0.0.2:{real.port}/", b"{}", "text/plain", {})
            await caller.close()
            return proxy.connections, real.connections

    assert asyncio.run(go()) == (0, 1)


def test_an_endpoint_that_never_answers_is_given_up() -> None:
    async def go() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(30)

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        policy = EndpointPolicy.of(f"http://127.0.0.1:{port}", "127.0.0.0/8")
        caller = Caller(policy, seconds=0.2)
        with pytest.raises(NotTaken):
            await caller.post(f"http://127.0.0.1:{port}/", b"{}", "text/plain", {})
        await caller.close()
        server.close()

    asyncio.run(go())


def test_an_endless_answer_is_cut_short() -> None:
    async def go() -> int:
        sent = 0

        async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            try:
                while sent < 10**8:
                    writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                    sent += 0x10000
                    await writer.drain()
            except ConnectionError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(endless, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        policy = EndpointPolicy.of(f"http://127.0.0.1:{port}", "127.0.0.0/8")
        caller = Caller(policy, seconds=PATIENCE)
        await caller.post(f"http://127.0.0.1:{port}/", b"{}", "text/plain", {})
        await caller.close()
        server.close()
        return sent

    assert asyncio.run(go()) < 10**8
