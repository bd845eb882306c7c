"""AdhocQueryResponse: registry objects or references to them, and what went wrong.

The objects of an answer were written when they were registered; an answer joins their octets.

Source:
    IHE ITI TF-2a: 3.18.4.1.3 (revision 17); OASIS ebRS 3.0: 6.1.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.codecs.ebrim.names import OBJECT_REF, REGISTRY_OBJECT_LIST, declare
from gateway.codecs.ebrim.reading import Reading, attribute
from gateway.codecs.ebrim.registry_objects import read_registry_objects
from gateway.codecs.ebrim.response import Outcome, read_outcome, status_of, write_error_list
from gateway.codecs.xml import Element, escape_attribute
from gateway.errors import Finding
from gateway.model.submission import Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRef:
    """A registry object named by its id, and the community that holds it, where one was said."""

    entry_uuid: str
    home_community_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryAnswer:
    """What a registry answered to a stored query.

    Attributes:
        outcome: Its status and error list.
        objects: Whole objects, when LeafClass was asked for.
        references: Ids, when ObjectRef was asked for.
        findings: What the objects hold that no value can carry.
    """

    outcome: Outcome
    objects: Submission = Submission()
    references: tuple[ObjectRef, ...] = ()
    findings: tuple[Finding, ...] = ()


def write_object_ref(entry_uuid: str, home_community_id: str | None = None) -> bytes:
    """Give an ObjectRef with the prefix ``rim``, which the answer declares."""
    home = "" if home_community_id is None else f' home="{escape_attribute(home_community_id)}"'
    return f'<rim:ObjectRef id="{escape_attribute(entry_uuid)}"{home}/>'.encode()


def write_query_response(
    fragments: Sequence[bytes] = (), findings: Iterable[Finding] = ()
) -> bytes:
    """Give an AdhocQueryResponse that declares its own prefixes; see :func:`query_response`."""
    return b"".join(query_response(fragments, findings))


def query_response(
    fragments: Sequence[bytes] = (), findings: Iterable[Finding] = ()
) -> list[bytes]:
    """Give an AdhocQueryResponse in pieces, so that a large answer is joined once.

    Args:
        fragments: Spliced objects, or references, in the order of the answer.
        findings: With objects, an error leaves a partial success; without, it is a failure.
    """
    findings = tuple(findings)
    if not findings:
        return [_SUCCESS, *fragments, _END]
    return [_start(findings, something=bool(fragments)), *fragments, _END]


def _start(findings: tuple[Finding, ...], *, something: bool) -> bytes:
    status = status_of(findings, something=something)
    return (
        f'<query:AdhocQueryResponse{declare("query", "rim", "rs")} status="{status}">'
        f"{write_error_list(findings)}<rim:RegistryObjectList>"
    ).encode()


_SUCCESS = _start((), something=True)
_END = b"</rim:RegistryObjectList></query:AdhocQueryResponse>"


def read_query_response(element: Element) -> QueryAnswer:
    """Read an AdhocQueryResponse, whatever its status."""
    reading = Reading()
    elements = [
        child for object_list in element.iterchildren(REGISTRY_OBJECT_LIST) for child in object_list
    ]
    return QueryAnswer(
        outcome=read_outcome(element),
        objects=read_registry_objects(elements, reading),
        references=tuple(
            ObjectRef(
                entry_uuid=attribute(child, "id") or "",
                home_community_id=attribute(child, "home"),
            )
            for child in elements
            if child.tag == OBJECT_REF
        ),
        findings=tuple(reading.findings),
    )
