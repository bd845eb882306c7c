"""The namespaces of our envelopes, and the prefixes every answer declares once, at its top."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
SOAP_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
WSA: Final = "http://www.w3.org/2005/08/addressing"
XOP: Final = "http://www.w3.org/2004/08/xop/include"

PREFIXES: Final = MappingProxyType(
    {
        "s": SOAP,
        "wsa": WSA,
        "lcm": "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0",
        "rim": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0",
        "rs": "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0",
        "query": "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0",
        "ihe": "urn:ihe:iti:xds-b:2007",
        "rmd": "urn:ihe:iti:rmd:2017",
    }
)
"""Prefix to namespace. A fragment of a Body may use these without declaring them."""
