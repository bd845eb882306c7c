"""Names of elements and algorithms: SAML 2.0, XML Signature, WS-Security, SOAP 1.2."""

from __future__ import annotations

from typing import Final

SAML: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
HL7: Final = "urn:hl7-org:v3"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE_NAMESPACES: Final = f"{{{EXCLUSIVE}}}InclusiveNamespaces"
ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

SIGNATURE_ALGORITHMS: Final = frozenset(
    f"http://www.w3.org/2001/04/xmldsig-more#{key}-{digest}"
    for key in ("rsa", "ecdsa")
    for digest in ("sha256", "sha384", "sha512")
)
DIGEST_ALGORITHMS: Final = frozenset(
    {
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    }
)

BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
HOLDER_OF_KEY: Final = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"


def saml(name: str) -> str:
    """Give a name of SAML in Clark notation."""
    return f"{{{SAML}}}{name}"


def ds(name: str) -> str:
    """Give a name of XML Signature in Clark notation."""
    return f"{{{DS}}}{name}"
