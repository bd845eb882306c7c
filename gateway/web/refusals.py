"""What a peer is told when it is not let in: a closed list of texts, the same on both wires.

Whoever may not know that there is a record is told what he would be told of none.

Source:
    Section 6.1 of docs/reference/access-control.md.
"""

from __future__ import annotations

from gateway.actors.access_control import Denied, PatientMismatch
from gateway.codecs.soap.fault import FaultCode, SoapFault
from gateway.errors import ErrorCode, Finding
from gateway.security.errors import NotAuthenticated

UNKNOWN_PATIENT = "no-record"


def code_of(name: str) -> ErrorCode:
    """Give the error a community chose by its XDS name for refusals at a door."""
    return next((c for c in ErrorCode if c.xds == name), ErrorCode.REGISTRY_ERROR)


def denied_over_xds(denied: Denied, code: ErrorCode) -> Finding:
    """Give the one error of a RegistryResponse.

    Args:
        denied: By the record gate.
        code: What the operator chose for refusals at this door.
    """
    if denied.looks_unknown:
        code = ErrorCode.UNKNOWN_PATIENT_ID
    return Finding(rule="access", code=code, location="", message=denied.reason.value)


def denied_over_fhir(denied: Denied, *, publishing: bool) -> Finding:
    """Give the one issue of an OperationOutcome.

    Args:
        denied: By the record gate.
        publishing: Whether the request brings something, so that an unknown patient is a fault of
            what it brings and not an address that leads nowhere.
    """
    if denied.looks_unknown:
        code = ErrorCode.UNKNOWN_PATIENT_ID if publishing else ErrorCode.NOT_FOUND
        return Finding(rule=UNKNOWN_PATIENT, code=code, location="", message="")
    return Finding(
        rule=denied.reason.value,
        code=ErrorCode.LOCAL_POLICY_RESTRICTION_ERROR,
        location="",
        message="",
    )


def mismatch() -> NotAuthenticated:
    """Give what a credential about another patient is: none at all."""
    return NotAuthenticated("the request is about another patient than its credential")


def not_authenticated_over_soap(refused: NotAuthenticated | PatientMismatch) -> SoapFault:
    """Give the fault of a credential that is not accepted."""
    if isinstance(refused, PatientMismatch):
        refused = mismatch()
    return SoapFault(refused.fault_reason, subcodes=(refused.fault_code,))


def unaccountable_over_soap() -> SoapFault:
    """Give the fault of a request whose audit event cannot be kept."""
    return SoapFault(
        "the audit trail cannot be written, so that nothing may be done or told; try again later",
        code=FaultCode.RECEIVER,
        http_status=503,
    )


UNACCOUNTABLE = Finding(
    rule="audit-trail",
    code=ErrorCode.UNACCOUNTABLE,
    location="",
    message="the audit trail cannot be written, so that nothing may be done or told; try again "
    "later",
)
