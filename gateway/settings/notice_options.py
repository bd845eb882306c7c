"""The settings as the notice office wants them."""

from __future__ import annotations

from pathlib import Path

from gateway.notifications.endpoints import EndpointPolicy
from gateway.notifications.mail import Relay
from gateway.notifications.opening import OfficeSettings
from gateway.settings import Settings


def notice_key(settings: Settings) -> Path:
    """Give the file of the key that signs messages."""
    return settings.data / "notices.key"


def endpoint_policy(settings: Settings) -> EndpointPolicy:
    """Give which endpoints may be called."""
    return EndpointPolicy.of(settings.notify_endpoints, settings.notify_networks)


def office_settings(settings: Settings) -> OfficeSettings:
    """Give what was chosen about notices and subscriptions."""
    return OfficeSettings(
        key=notice_key(settings),
        endpoints=endpoint_policy(settings),
        relay=_relay(settings),
        subscription_days=settings.subscription_days,
        subscriptions_each=settings.subscriptions_each,
    )


def _relay(settings: Settings) -> Relay | None:
    if settings.smtp_host is None:
        return None
    password = ""
    if settings.smtp_password_file is not None:
        password = settings.smtp_password_file.read_text(encoding="utf-8").partition("\n")[0]
    return Relay(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_sender,
        security=settings.smtp_security,
        user=settings.smtp_user or "",
        password=password,
    )
