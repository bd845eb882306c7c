"""Settings about notices and subscriptions: who is called, for how long, and by which relay."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings

from gateway.settings.field import setting


class NoticeSettings(BaseSettings):
    """The fields of :class:`gateway.settings.Settings` that are about notices."""

    notify_endpoints: Annotated[
        str,
        setting(
            "Endpoints that notices and notifications of subscriptions may be sent to: how their "
            "addresses begin, separated by spaces. Without any, nothing is sent and no "
            "subscription is taken.",
            "addresses such as https://hooks.example/fhir, separated by spaces",
        ),
    ] = ""
    notify_networks: Annotated[
        str,
        setting(
            "Networks that are not public and may be called all the same when an endpoint on the "
            "list leads there. Without any, loopback, link-local and private addresses are "
            "refused, whatever name leads to them.",
            "networks such as 10.1.0.0/16, separated by spaces",
        ),
    ] = ""
    subscription_days: Annotated[
        Annotated[int, Field(ge=1, le=3650)],
        setting(
            "How long a subscription lasts at most; it ends earlier with what lets the subscriber "
            "see the record.",
            "a whole number from 1 to 3650",
        ),
    ] = 365
    subscriptions_each: Annotated[
        Annotated[int, Field(ge=1, le=10000)],
        setting(
            "How many subscriptions one subscriber has at the same time at most.",
            "a whole number from 1 to 10000",
        ),
    ] = 100
    smtp_host: Annotated[
        str | None,
        setting(
            "Mail relay for notices; none switches mail off. Mails name nobody and no document.",
            "a host name or an IP address",
        ),
    ] = None
    smtp_port: Annotated[
        Annotated[int, Field(ge=1, le=65535)],
        setting("Port of the mail relay.", "a whole number from 1 to 65535"),
    ] = 587
    smtp_security: Annotated[
        Literal["starttls", "tls", "none"],
        setting(
            "How the connection to the mail relay is kept private: `starttls`, required; `tls` "
            "from the first octet; `none` for a relay on this machine.",
            "starttls, tls or none",
        ),
    ] = "starttls"
    smtp_sender: Annotated[
        str,
        setting("Address mails come from.", "an address such as record@hospital.example"),
    ] = "gateway@localhost"
    smtp_user: Annotated[
        str | None,
        setting("Who the gateway is to the mail relay; none for no sign-in.", "a user name"),
    ] = None
    smtp_password_file: Annotated[
        Path | None,
        setting(
            "File whose first line is the password for the mail relay.",
            "a file that can be read",
        ),
    ] = None

    @field_validator("notify_endpoints")
    @classmethod
    def _endpoints(cls, value: str) -> str:
        for prefix in value.split():
            scheme, separator, rest = prefix.partition("://")
            if not separator or scheme not in {"http", "https"} or rest[:1] in {"", "/"}:
                raise PydanticCustomError("url", "holds what is no http:// or https:// address")
            if any(c in "?#@*\\" for c in rest):
                raise PydanticCustomError("url", "holds an address with a query, a user or a star")
        return value

    @field_validator("notify_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        for network in value.split():
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError:
                raise PydanticCustomError("address", "holds what is no network") from None
        return value

    @field_validator("smtp_sender")
    @classmethod
    def _a_sender(cls, value: str) -> str:
        name, separator, domain = value.rpartition("@")
        if not separator or not name or not domain or any(c.isspace() or c in "<>," for c in value):
            raise PydanticCustomError("address", "is no mail address")
        return value
