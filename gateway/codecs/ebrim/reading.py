"""One message being read: what was noticed so far, and which ids were met."""

from __future__ import annotations

from gateway.codecs.xml import Element
from gateway.errors import MAX_FINDINGS, ErrorCode, Finding, Severity
from gateway.model.datatypes import is_uuid_urn


class Reading:
    """Gathers what cannot be carried by the values read from one message.

    Args:
        code: What a problem is answered with, where its rule has no code of its own.

    Attributes:
        findings: In the order of the message.
    """

    __slots__ = ("_code", "_object_ids", "_part_ids", "findings")

    def __init__(self, code: ErrorCode = ErrorCode.REGISTRY_METADATA_ERROR) -> None:
        self._code = code
        self.findings: list[Finding] = []
        self._object_ids: set[str] = set()
        self._part_ids: set[str] = set()

    def problem(
        self,
        rule: str,
        location: str,
        message: str,
        code: ErrorCode | None = None,
    ) -> None:
        """Note something that refuses the message."""
        if len(self.findings) > MAX_FINDINGS:
            return
        self._note(Finding(rule=rule, code=code or self._code, location=location, message=message))

    def not_kept(self, location: str, message: str) -> None:
        """Note harmless extra metadata that no value can carry.

        Source:
            IHE ITI TF-3: 4.2.3.1.6: a registry that drops extra metadata says so in a warning.
        """
        self._note(
            Finding(
                rule="extra-metadata",
                code=ErrorCode.EXTRA_METADATA_NOT_SAVED,
                location=location,
                message=message,
                severity=Severity.WARNING,
            )
        )

    def _note(self, finding: Finding) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)
        elif len(self.findings) == MAX_FINDINGS:
            self.findings.append(
                Finding(
                    rule="more-findings",
                    code=self._code,
                    location="",
                    message=f"only the first {MAX_FINDINGS} findings are told; repair them and "
                    "send the message again",
                )
            )

    def unexpected(self, element: Element, location: str) -> None:
        """Note an element that has no meaning where it stands."""
        name = element.tag.rpartition("}")[2]
        self.problem(
            "unexpected-element",
            location,
            f"the element {name[:64]} has no meaning here; remove it",
        )

    def object_id(self, object_id: str, location: str) -> None:
        """Remember the id of a registry object.

        Two objects with one id are for :mod:`gateway.validation` to see; here only a collision
        with a part of an object is noted, which the values do not show.
        """
        if object_id in self._part_ids:
            self._collision(object_id, location)
        self._object_ids.add(object_id)

    def part_id(self, part_id: str, location: str) -> None:
        """Remember the id of a classification or identifier, and note what is wrong with it."""
        if not self.takes_part_id(part_id):
            self.refuse_part_id(part_id, location)

    def takes_part_id(self, part_id: str) -> bool:
        """Remember the id of a classification or identifier; whether nothing is wrong with it.

        Source:
            IHE ITI TF-3: 4.2.3.1.5 (revision 17): ids are unique in a submission, and one that
            starts with ``urn:uuid:`` is a UUID.
        """
        if part_id in self._part_ids or part_id in self._object_ids:
            return False
        self._part_ids.add(part_id)
        return part_id[:9] != "urn:uuid:" or is_uuid_urn(part_id)

    def refuse_part_id(self, part_id: str, location: str) -> None:
        """Note what is wrong with an id that was not taken."""
        if part_id[:9] == "urn:uuid:" and not is_uuid_urn(part_id):
            self.problem(
                "id-uuid",
                location,
                f"the id {part_id[:128]} starts with urn:uuid: and is not a UUID; write a UUID "
                "or a symbolic name",
            )
        else:
            self._collision(part_id, location)

    def _collision(self, some_id: str, location: str) -> None:
        self.problem(
            "duplicate-id",
            location,
            f"the id {some_id[:128]} is used more than once in the message; give each object, "
            "classification and identifier its own",
        )


def attribute(element: Element, name: str) -> str | None:
    """Give an attribute's text without surrounding white space; ``None`` when absent or empty."""
    text = element.get(name)
    return (text.strip() or None) if text else None
