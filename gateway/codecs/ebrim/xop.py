"""References to octets that travel beside the message.

Source:
    XML-binary Optimized Packaging (W3C, 2005): 2.1; RFC 2392 (``cid:`` URLs).
"""

from __future__ import annotations

from urllib.parse import quote

from gateway.codecs.ebrim.names import XOP


def write_include(content_id: str) -> str:
    """Give the xop:Include for a part of the message.

    Args:
        content_id: The part's Content-ID without its angle brackets.
    """
    return f'<xop:Include xmlns:xop="{XOP}" href="cid:{quote(content_id, safe="@+=:")}"/>'
