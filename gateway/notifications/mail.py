"""Sending mail through the relay the settings name.

A mail is on its way when the relay took it. Its Message-ID is the notice's id, the same each time
it is sent again, so that a mailbox shows it once.

Source:
    RFC 5321, RFC 5322; RFC 3834 (Auto-Submitted).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

import aiosmtplib

from gateway.notifications.endpoints import NotTaken
from gateway.notifications.texts import Mail

# What ordinary mailboxes look like; whatever could end a header or name a second one is refused.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")


def is_mail_address(text: str) -> bool:
    """Whether mail can be sent to this text."""
    return _ADDRESS.fullmatch(text) is not None and not text.endswith(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where mail is handed over.

    Attributes:
        security: ``tls`` from the first octet, ``starttls`` required, or ``none``.
        sender: Address mails come from.
    """

    host: str
    port: int
    sender: str
    security: Literal["tls", "starttls", "none"] = "starttls"
    user: str = ""
    password: str = ""


class Mailer:
    """Hands mails to the relay, one connection each."""

    def __init__(self, relay: Relay, *, seconds: float = 20.0) -> None:
        self._relay = relay
        self._seconds = seconds

    async def send(
        self, address: str, message_id: str, mail: Mail, now: str, language: str
    ) -> None:
        """Hand over one mail.

        Args:
            message_id: The same each time this mail is sent again.
            now: DTM of 14 digits, UTC.

        Raises:
            NotTaken: The relay did not take it.
        """
        if not is_mail_address(address):
            raise NotTaken("the mail address cannot be used")
        relay = self._relay
        message = EmailMessage(policy=SMTP)
        message["From"] = relay.sender
        message["To"] = address
        message["Subject"] = mail.subject
        moment = datetime.strptime(now, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        message["Date"] = format_datetime(moment)
        domain = relay.sender.rpartition("@")[2] or "localhost"
        message["Message-ID"] = f"<{re.sub('[^A-Za-z0-9.-]', '-', message_id)}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = language
        message.set_content(mail.body)
        try:
            await aiosmtplib.send(
                message,
                sender=relay.sender,
                recipients=[address],
                hostname=relay.host,
                port=relay.port,
                username=relay.user or None,
                password=relay.password or None,
                use_tls=relay.security == "tls",
                start_tls=relay.security == "starttls",
                timeout=self._seconds,
            )
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            # The relay's words may repeat the address; the kind of failure is enough.
            raise NotTaken(f"the mail relay did not take it: {type(error).__name__}") from error
