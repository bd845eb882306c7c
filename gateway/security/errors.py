"""What a peer is told whose credential was not accepted: a closed list of words, no details.

Source:
    WSS SOAP Message Security 1.1: 12; RFC 6750: 3; section 6.1 of
    docs/reference/access-control.md.
"""

from __future__ import annotations

from typing import Final

WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"

FAILED_AUTHENTICATION: Final = "FailedAuthentication"
INVALID_SECURITY: Final = "InvalidSecurity"
INVALID_SECURITY_TOKEN: Final = "InvalidSecurityToken"

_PUBLIC: Final = {
    "": "this address needs an access token",
    "invalid_request": "the request must carry exactly one access token, in its Authorization "
    "header",
    "invalid_token": "the access token is not accepted",
    "insufficient_scope": "the access token does not cover this operation",
}


class NotAuthenticated(Exception):
    """A credential is missing or was not accepted (rule A0).

    Attributes:
        message: Why, for the log and the audit trail; it names no value of the credential.
        subcode: Local name of the SOAP fault's subcode in the namespace :data:`WSSE`.
        error: The ``error`` of WWW-Authenticate; empty where no credential came at all.
        status: Of a FHIR answer: 400, 401 or 403.
        scope: What would have covered the operation, for ``insufficient_scope``.
    """

    def __init__(
        self,
        message: str,
        *,
        subcode: str = FAILED_AUTHENTICATION,
        error: str = "invalid_token",
        status: int = 401,
        scope: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.subcode = subcode
        self.error = error
        self.status = status
        self.scope = scope

    @property
    def public(self) -> str:
        """The one sentence a FHIR client is told."""
        return _PUBLIC[self.error]

    @property
    def fault_code(self) -> str:
        """The subcode of the SOAP fault, in Clark notation."""
        return f"{{{WSSE}}}{self.subcode}"

    @property
    def fault_reason(self) -> str:
        """The one sentence a SOAP client is told."""
        return "the security token of this message is not accepted"

    @property
    def www_authenticate(self) -> str:
        """The header of the answer.

        Source:
            RFC 6750: 3.
        """
        if not self.error:
            return 'Bearer realm="fhir"'
        scope = f', scope="{self.scope}"' if self.scope else ""
        return (
            f'Bearer realm="fhir", error="{self.error}", error_description="{self.public}"{scope}'
        )


class TrustFault(ValueError):
    """The operator's trust file cannot be used; the message names the place in it."""
