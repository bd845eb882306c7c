"""What one item of the corpus is: a message that must be refused, and the answer it is owed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tests.hostile.messages import Shelf

Body = Callable[[Shelf], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A SOAP 1.2 fault.

    Attributes:
        names: Texts its Reason must hold, so that a sender finds the place.
        subcode: Local name of the innermost subcode; empty when there is none.
    """

    names: tuple[str, ...]
    status: int = 400
    code: str = "Sender"
    subcode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A RegistryResponse (or AdhocQueryResponse, RetrieveDocumentSetResponse) with status Failure.

    Attributes:
        codes: The errorCodes that must occur.
        names: Texts that must occur in a codeContext or location.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An OperationOutcome.

    Attributes:
        issue: An issue.code that must occur.
        names: Texts that must occur in diagnostics, expression or details.
    """

    status: int
    issue: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """An answer of HTTP alone, for what never reaches a protocol.

    Attributes:
        headers: Response headers that must be there, with their values.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The peer hung up first, so nobody is there to be answered; nothing may remain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """Looks hostile, asks for nothing that is not allowed: a good answer that stores nothing.

    Attributes:
        names: Texts the answer must hold.
        without: Texts it must not hold.
    """

    names: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    status: int = 200


Expected = Fault | Failure | Outcome | Plain | Closed | Harmless


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One hostile request.

    Attributes:
        name: Says what is wrong with it; unique in the corpus.
        door: The path it goes to.
        body: Makes the octets, with what the server holds already at hand.
        raw: The octets are the whole HTTP request, its head included.
        half_close: The peer stops sending when the octets have gone, whatever it announced.
    """

    name: str
    door: str
    body: Body
    expected: Expected
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    raw: bool = False
    half_close: bool = False
