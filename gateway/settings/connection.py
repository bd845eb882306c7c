"""Settings about where the gateway is reached, by whom, and how peers prove who they are."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings

from gateway.settings.field import setting

Port = Annotated[int, Field(ge=0, le=65535)]


class ConnectionSettings(BaseSettings):
    """The fields of :class:`gateway.settings.Settings` that are about connections.

    The address stands first: whether peers may be trusted depends on who reaches it.
    """

    host: Annotated[
        str,
        setting(
            "Address the gateway listens on.",
            "an IP address of this machine, or a name that resolves to one",
        ),
    ] = "127.0.0.1"
    port: Annotated[
        Port,
        setting(
            "Port of both faces, SOAP and FHIR; 0 takes a free one.",
            "a whole number from 0 to 65535",
        ),
    ] = 8080
    auth: Annotated[
        Literal["none", "required"],
        setting(
            "Whether peers must prove who they are. `required` asks for an assertion over SOAP and "
            "an access token over FHIR; `none` trusts everyone who can reach the gateway, so it is "
            "refused unless `host` is a loopback address.",
            "required, or none with a loopback address such as 127.0.0.1 for host (GATEWAY_HOST)",
        ),
    ] = "none"
    development_authority: Annotated[
        Literal["off", "on", "exposed"],
        setting(
            "The authority that issues tokens and assertions for demonstration people to whoever "
            "asks; its credentials are trusted while it is on. Anybody can be anybody with it: "
            "`on` is refused unless `host` is a loopback address, `exposed` is not.",
            "off, or on with a loopback address such as 127.0.0.1 for host (GATEWAY_HOST), or "
            "exposed",
        ),
    ] = "off"
    trust: Annotated[
        Path | None,
        setting(
            "TOML file that says whose assertions and tokens are taken, by certificates and keys; "
            "docs/reference/identity.md lists what it holds.",
            "a file that can be read",
        ),
    ] = None
    tls_certificate: Annotated[
        Path | None,
        setting(
            "PEM file with the server's certificate and its chain; with it the gateway speaks "
            "TLS 1.2 and 1.3 only.",
            "a file that can be read",
        ),
    ] = None
    tls_key: Annotated[
        Path | None,
        setting(
            "PEM file with the key of the server's certificate, where that file does not hold it.",
            "a file that can be read, together with tls_certificate",
        ),
    ] = None
    tls_client_ca: Annotated[
        Path | None,
        setting(
            "PEM file with the authorities that clients' certificates may come from.",
            "a file that can be read, together with tls_certificate",
        ),
    ] = None
    tls_client_certificate: Annotated[
        Literal["off", "optional", "required"],
        setting(
            "Whether clients show a certificate of one of `tls_client_ca`. Assertions and tokens "
            "that are bound to one count only where it is shown.",
            "off, or optional or required together with tls_client_ca",
        ),
    ] = "off"
    trusted_proxies: Annotated[
        str,
        setting(
            "Addresses of reverse proxies, separated by spaces, whose word is taken for a client's "
            "address (X-Forwarded-For) and certificate (Client-Cert, RFC 9440). From everywhere "
            "else such headers are taken away.",
            "IP addresses or networks such as 192.0.2.7 or 192.0.2.0/28, separated by spaces",
        ),
    ] = ""

    @field_validator("host")
    @classmethod
    def _own_address(cls, value: str) -> str:
        return an_address(value)

    @field_validator("auth")
    @classmethod
    def _nobody_else_reaches(cls, value: str, info: ValidationInfo) -> str:
        host = info.data.get("host")
        if value == "none" and host is not None and not is_loopback(host):
            raise PydanticCustomError(
                "exposed",
                "trusts everyone, and host {host} can be reached from other machines",
                {"host": host},
            )
        return value

    @field_validator("development_authority")
    @classmethod
    def _nobody_else_mints(cls, value: str, info: ValidationInfo) -> str:
        host = info.data.get("host")
        if value == "on" and host is not None and not is_loopback(host):
            raise PydanticCustomError(
                "exposed",
                "lets everyone be anybody, and host {host} can be reached from other machines",
                {"host": host},
            )
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: str) -> str:
        for one in value.split():
            try:
                ipaddress.ip_network(one)
            except ValueError:
                raise PydanticCustomError("network", "holds what is no address") from None
        return value

    def connection_troubles(self) -> Iterator[tuple[str, str]]:
        """Tell which of these fields do not fit the machine or one another."""
        for name in ("trust", "tls_certificate", "tls_key", "tls_client_ca"):
            file: Path | None = getattr(self, name)
            if file is None:
                continue
            if not (file.is_file() and os.access(file, os.R_OK)):
                yield name, "cannot be read"
            elif name.startswith("tls_") and self.tls_certificate is None:
                yield name, "is of no use without tls_certificate"
        if self.tls_client_certificate != "off" and self.tls_client_ca is None:
            yield "tls_client_certificate", "needs tls_client_ca"
        if self.auth == "required" and self.trust is None and self.development_authority == "off":
            yield "trust", "is missing, so that nobody could prove who he is"


def an_address(value: str) -> str:
    """Give back a text that could be an address to listen on.

    Raises:
        PydanticCustomError: When it cannot.
    """
    if not value.strip() or any(c.isspace() or c == "/" for c in value):
        raise PydanticCustomError("address", "is not an address")
    return value


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
