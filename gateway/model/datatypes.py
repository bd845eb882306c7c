"""The data types of XDS metadata.

The metadata model of XDS defines the values of its attributes as HL7 v2 texts. A value therefore
*is* its text here, kept letter by letter, so that nothing a peer sent is lost between two wires;
the components are properties, split when somebody asks. ``of`` makes the text from components.

Whether a text is well formed is a question for :mod:`gateway.validation`; these types hold what
came, good or bad, so that every fault of a message can be reported at once.

Source:
    IHE ITI TF-3: Table 4.2.3.1.7-2 (revision 17).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+\Z")
"""An object identifier: digits and dots, no leading zero in an arc."""

UUID_URN = re.compile(
    r"urn:uuid:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\Z"
)
"""A UUID in the form ebRIM ids take."""

_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\"}
_UNESCAPES = {escape: char for char, escape in _ESCAPES.items()}
_ESCAPE = re.compile(r"\\[EFSRT]\\")
_SPECIAL = re.compile(r"[\\|^~&]")


def is_oid(text: str) -> bool:
    """Whether a text is an object identifier of at most 64 characters."""
    return len(text) <= 64 and OID.match(text) is not None


def is_uuid_urn(text: str) -> bool:
    """Whether a text is ``urn:uuid:`` and a well-formed UUID, in either letter case."""
    return UUID_URN.match(text) is not None


def escape(text: str) -> str:
    """Write a component's text so that HL7 v2 separators in it stay text."""
    return _SPECIAL.sub(lambda m: _ESCAPES[m.group()], text)


def unescape(text: str) -> str:
    """Read a component's text back; unknown escapes stay as they are."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: _UNESCAPES[m.group()], text)


def _join(separator: str, parts: Iterable[str]) -> str:
    return separator.join(parts).rstrip(separator)


@dataclass(frozen=True, slots=True)
class _Field:
    """An HL7 v2 field as text, with its components on demand."""

    text: str

    def component(self, number: int) -> str:
        """The component with that number (from 1), unescaped; empty when absent."""
        parts = self.text.split("^")
        return unescape(parts[number - 1]) if number <= len(parts) else ""

    def subcomponent(self, number: int, sub: int) -> str:
        """A subcomponent (both numbers from 1), unescaped; empty when absent."""
        parts = self.text.split("^")
        if number > len(parts):
            return ""
        subs = parts[number - 1].split("&")
        return unescape(subs[sub - 1]) if sub <= len(subs) else ""

    def __str__(self) -> str:
        return self.text


def _authority(oid: str) -> str:
    return f"&{escape(oid)}&ISO" if oid else ""


@dataclass(frozen=True, slots=True)
class _Issued(_Field):
    """What an authority gave out: components 1, 4 and 5 of CX and of CXi."""

    @classmethod
    def of(cls, value: str, authority: str = "", type_code: str = "") -> Self:
        """Make the text of an identifier.

        Args:
            value: The identifier itself.
            authority: OID of the assigning authority, without ``urn:oid:``.
            type_code: Component 5: the identifier's type, where a profile asks for it; in a CXi
                the URN that says what is referred to.
        """
        return cls(_join("^", (escape(value), "", "", _authority(authority), escape(type_code))))

    @property
    def value(self) -> str:
        """Component 1, the identifier itself."""
        return self.component(1)

    @property
    def authority(self) -> str:
        """Component 4.2, the OID of the assigning authority."""
        return self.subcomponent(4, 2)

    @property
    def type_code(self) -> str:
        """Component 5, what kind of identifier it is."""
        return self.component(5)


@dataclass(frozen=True, slots=True)
class Identifier(_Issued):
    """An identifier with its assigning authority: HL7 CX, ``id^^^&OID&ISO``."""


@dataclass(frozen=True, slots=True)
class ReferenceId(_Issued):
    """One value of referenceIdList: HL7 CXi, ``id^^^&OID&ISO^typeCode``."""

    @property
    def namespace(self) -> str:
        """Component 4.1, a local name of the authority."""
        return self.subcomponent(4, 1)


@dataclass(frozen=True, slots=True)
class Person(_Field):
    """A person or device: HL7 XCN, ``id^family^given^middle^suffix^prefix^degree^^&OID&ISO``."""

    @classmethod
    def of(
        cls,
        identifier: str = "",
        family: str = "",
        given: str = "",
        *,
        middle: str = "",
        suffix: str = "",
        prefix: str = "",
        degree: str = "",
        authority: str = "",
    ) -> Self:
        """Make the XCN text of a person.

        Args:
            identifier: XCN.1; the authority is written only together with it.
            family: XCN.2; the name of a software goes here too.
            given: XCN.3, the first given name.
            middle: XCN.4, further given names, separated by spaces.
            suffix: XCN.5.
            prefix: XCN.6.
            degree: XCN.7.
            authority: OID of the assigning authority (XCN.9.2).
        """
        names = (identifier, family, given, middle, suffix, prefix, degree)
        parts = [escape(name) for name in names]
        return cls(_join("^", (*parts, "", _authority(authority if identifier else ""))))

    @property
    def identifier(self) -> str:
        """XCN.1."""
        return self.component(1)

    @property
    def family(self) -> str:
        """XCN.2, its first subcomponent."""
        return self.subcomponent(2, 1)

    @property
    def given(self) -> str:
        """XCN.3."""
        return self.component(3)

    @property
    def middle(self) -> str:
        """XCN.4, further given names."""
        return self.component(4)

    @property
    def suffix(self) -> str:
        """XCN.5."""
        return self.component(5)

    @property
    def prefix(self) -> str:
        """XCN.6."""
        return self.component(6)

    @property
    def degree(self) -> str:
        """XCN.7."""
        return self.component(7)

    @property
    def authority(self) -> str:
        """XCN.9.2, the OID that gave the identifier."""
        return self.subcomponent(9, 2)


@dataclass(frozen=True, slots=True)
class Organization(_Field):
    """An organisation: HL7 XON, ``Name^^^^^&OID&ISO^^^^id``."""

    @classmethod
    def of(cls, name: str, identifier: str = "", authority: str = "") -> Self:
        """Make the XON text of an organisation.

        Args:
            name: XON.1.
            identifier: XON.10; an OID needs no authority.
            authority: OID of the assigning authority (XON.6.2).
        """
        given = _authority(authority if identifier else "")
        return cls(
            _join("^", (escape(name), "", "", "", "", given, "", "", "", escape(identifier)))
        )

    @property
    def name(self) -> str:
        """XON.1."""
        return self.component(1)

    @property
    def authority(self) -> str:
        """XON.6.2, the OID that gave the identifier."""
        return self.subcomponent(6, 2)

    @property
    def identifier(self) -> str:
        """XON.10."""
        return self.component(10)


@dataclass(frozen=True, slots=True)
class Telecom(_Field):
    """A telephone number or mail address: HL7 XTN."""

    @classmethod
    def email(cls, address: str) -> Self:
        """Make the XTN text of a mail address."""
        return cls(f"^^Internet^{escape(address)}")

    @classmethod
    def phone(cls, number: str, use: str = "") -> Self:
        """Make the XTN text of a telephone number written in one piece (XTN.12)."""
        return cls(_join("^", ("", escape(use), "PH", *[""] * 8, escape(number))))

    @property
    def use(self) -> str:
        """XTN.2, for example ``WPN``."""
        return self.component(2)

    @property
    def equipment(self) -> str:
        """XTN.3, ``PH``, ``CP``, ``Internet`` and others."""
        return self.component(3)

    @property
    def address(self) -> str:
        """XTN.4, a mail address or URL."""
        return self.component(4)

    @property
    def number(self) -> str:
        """The telephone number: XTN.5 to 8 joined, or XTN.12, or XTN.1."""
        country, area, local, extension = (self.component(n) for n in (5, 6, 7, 8))
        joined = " ".join(p for p in (country, area, local) if p)
        if joined and extension:
            joined = f"{joined} x{extension}"
        return joined or self.component(12) or self.component(1)


# At each precision "more, or the end": an optional group would cost half as much again.
_DTM = re.compile(
    r"[0-9]{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:[0-5][0-9]\Z|\Z)|\Z)|\Z)|\Z)|\Z)"
)


def is_date_time(text: str) -> bool:
    """Whether a text is a DTM with components in their ranges."""
    return _DTM.match(text) is not None


@dataclass(frozen=True, slots=True, order=True)
class DateTime:
    """A point in time as precise as it was said: HL7 DTM, ``YYYY[MM[DD[hh[mm[ss]]]]]``, in UTC."""

    text: str

    @property
    def is_well_formed(self) -> bool:
        """Whether the text is a DTM with components in their ranges."""
        return is_date_time(self.text)

    @property
    def lower(self) -> str:
        """The first second the text covers, 14 digits, for comparing."""
        return self.text + "00000101000000"[len(self.text) :]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value.

    Attributes:
        code: The code itself (``nodeRepresentation``).
        scheme: The coding scheme: an OID where the system has one, else its local name.
        display: What to show a person; never compared.
        language: The display's language (RFC 5646), where one was said.
    """

    code: str
    scheme: str = ""
    display: str | None = None
    language: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the value: code and scheme."""
        return (self.code, self.scheme)


@dataclass(frozen=True, slots=True)
class LocalizedString:
    """A text for people, with its language where one was said (RFC 5646)."""

    value: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """Extra metadata: a slot whose name the standard leaves to communities (``urn:…``)."""

    name: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipient:
    """One value of intendedRecipient: ``XON|XCN|XTN``, any part may be absent."""

    organization: Organization | None = None
    person: Person | None = None
    telecom: Telecom | None = None

    @property
    def text(self) -> str:
        """The value as it stands in its slot."""
        parts = (self.organization, self.person, self.telecom)
        return "|".join(p.text if p else "" for p in parts).rstrip("|")

    @classmethod
    def read(cls, text: str) -> Self:
        """Split the value of a slot; what comes after a third bar stays in the telecom."""
        organization, person, telecom = [*text.split("|", 2), "", ""][:3]
        return cls(
            Organization(organization) if organization else None,
            Person(person) if person else None,
            Telecom(telecom) if telecom else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a document or sent a submission.

    No value of one attribute belongs to a particular value of another one.

    Attributes:
        person: authorPerson, XCN.
        institution: authorInstitution, XON each.
        role: authorRole, plain text or ``code^^^&OID&ISO``.
        specialty: authorSpecialty, likewise.
        telecommunication: authorTelecommunication, XTN each.
        extra: Slots of the classification whose names the standard does not define.

    Source:
        IHE ITI TF-3: 4.2.3.1.4 (revision 17).
    """

    person: Person | None = None
    institution: tuple[Organization, ...] = ()
    role: tuple[str, ...] = ()
    specialty: tuple[str, ...] = ()
    telecommunication: tuple[Telecom, ...] = ()
    extra: tuple[Slot, ...] = ()
