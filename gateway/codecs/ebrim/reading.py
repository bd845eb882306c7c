"""One message being read: what was noticed so far, and which ids were met."""

from __future__ import annotations

from gateway.codecs.xml import Element
from gateway.errors import ErrorCode, Finding, Severity


class Reading:
    """Gathers what cannot be carried by the values read from one message.

    Attributes:
        findings: In the order of the message.
    """

    __slots__ = ("_ids", "findings")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._ids: set[str] = set()

    def problem(
        self,
        rule: str,
        location: str,
        message: str,
        code: ErrorCode = ErrorCode.REGISTRY_METADATA_ERROR,
    ) -> None:
        """Note something that refuses the message."""
        self.findings.append(Finding(rule=rule, code=code, location=location, message=message))

    def not_kept(self, location: str, message: str) -> None:
        """Note harmless extra metadata that no value can carry.

        Source:
            IHE ITI TF-3: 4.2.3.1.6: a registry that drops extra metadata says so in a warning.
        """
        self.findings.append(
            Finding(
                rule="extra-metadata",
                code=ErrorCode.EXTRA_METADATA_NOT_SAVED,
                location=location,
                message=message,
                severity=Severity.WARNING,
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

    def take_id(self, element_id: str, location: str) -> None:
        """Remember an id, and note when another object of the message has it already.

        Source:
            IHE ITI TF-3: 4.2.3.1.5: ids are unique within a submission.
        """
        if element_id in self._ids:
            self.problem(
                "duplicate-id",
                location,
                f"the id {element_id[:128]} is used more than once in the message; "
                "give each object, classification and identifier its own",
            )
        self._ids.add(element_id)


def attribute(element: Element, name: str) -> str | None:
    """Give an attribute's text without surrounding white space; ``None`` when absent or empty."""
    text = element.get(name)
    return (text.strip() or None) if text else None
