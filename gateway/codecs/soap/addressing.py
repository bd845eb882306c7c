"""The WS-Addressing headers of a message: what it asks for, and where the answer may go.

Answers go back on the connection the request came in on and nowhere else; a message that asks for
another address is refused, so that nobody can point us at a third party.

Source:
    WS-Addressing 1.0, core: 3; SOAP binding: 6. IHE ITI TF-2: Appendix V.3. Threat M7.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NoReturn

from gateway.codecs.soap.fault import SoapFault, shown
from gateway.codecs.soap.namespaces import WSA
from gateway.codecs.xml import Element, children, escape_text, place_of, text_of

ANONYMOUS: Final = "http://www.w3.org/2005/08/addressing/anonymous"
NONE: Final = "http://www.w3.org/2005/08/addressing/none"
REPLY: Final = "http://www.w3.org/2005/08/addressing/reply"

ADDRESSING_HEADERS: Final = {
    f"{{{WSA}}}{name}": name
    for name in ("Action", "MessageID", "To", "From", "ReplyTo", "FaultTo", "RelatesTo")
}
"""The header blocks this module understands: Clark notation to local name."""

_ADDRESS = f"{{{WSA}}}Address"
_LONGEST = 2000
_INVALID = f"{{{WSA}}}InvalidAddressingHeader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressing:
    """The message addressing properties we act on.

    Attributes:
        action: What is asked; never empty.
        message_id: The sender's name for this message; an answer relates to it. Only an answer
            may come without.
        to: The address the sender believes to speak to.
        reply_to: ``ANONYMOUS``, or ``NONE`` for a sender that wants no answer.
        relates_to: The message this one answers.
    """

    action: str
    message_id: str | None = None
    to: str | None = None
    reply_to: str = ANONYMOUS
    relates_to: str | None = None


def read_addressing(
    header_blocks: Iterable[Element], *, announced_actions: Iterable[str] = (), answer: bool = False
) -> Addressing:
    """Give the addressing properties of a message.

    Args:
        header_blocks: The blocks of its Header that are meant for us.
        announced_actions: What HTTP says the action is (the parameter of Content-Type, a
            SOAPAction header); each has to agree with ``wsa:Action`` and stands in for it.
        answer: Whether this is the answer to a request of ours, which needs no MessageID.

    Raises:
        SoapFault: With the subcode WS-Addressing has for it.
    """
    values: dict[str, str] = {}
    for block in header_blocks:
        name = ADDRESSING_HEADERS.get(block.tag)
        if name is not None:
            _read_block(block, name, values)
    action = _agreed_action(values.get("Action"), announced_actions)
    if "MessageID" not in values and not answer:
        _refuse_missing("MessageID", "a request has no wsa:MessageID; add one of the form urn:uuid")
    return Addressing(
        action=action,
        message_id=values.get("MessageID"),
        to=values.get("To"),
        reply_to=values.get("ReplyTo", ANONYMOUS),
        relates_to=values.get("RelatesTo"),
    )


def message_id_of(header_blocks: Iterable[Element]) -> str | None:
    """Give the MessageID of a message that may be broken otherwise, so that a fault can name it."""
    names = [b.text or "" for b in header_blocks if b.tag == f"{{{WSA}}}MessageID" and not len(b)]
    if len(names) == 1 and 0 < len(names[0].strip()) <= _LONGEST:
        return names[0].strip()
    return None


def write_addressing(
    *, action: str, message_id: str, relates_to: str | None = None, to: str | None = None
) -> str:
    """Give the header blocks of an answer, or of a request when ``to`` says where it goes."""
    blocks = [
        f'<wsa:Action s:mustUnderstand="1">{escape_text(action)}</wsa:Action>'
        f"<wsa:MessageID>{escape_text(message_id)}</wsa:MessageID>"
    ]
    if relates_to is not None:
        blocks.append(f"<wsa:RelatesTo>{escape_text(relates_to)}</wsa:RelatesTo>")
    if to is not None:
        blocks.append(
            f"<wsa:ReplyTo><wsa:Address>{ANONYMOUS}</wsa:Address></wsa:ReplyTo>"
            f'<wsa:To s:mustUnderstand="1">{escape_text(to)}</wsa:To>'
        )
    return "".join(blocks)


def _read_block(block: Element, name: str, values: dict[str, str]) -> None:
    if name == "From":
        return
    if name == "RelatesTo" and block.get("RelationshipType", REPLY) != REPLY:
        return
    if name in values:
        _refuse(
            f"{place_of(block)}: a message has one wsa:{name}; remove the others",
            "InvalidCardinality",
            _problem_header(name),
        )
    value = _address(block, name) if name in ("ReplyTo", "FaultTo") else text_of(block).strip()
    if not value or len(value) > _LONGEST:
        _refuse(
            f"{place_of(block)}: wsa:{name} has to hold 1 to {_LONGEST} characters; correct it",
            "InvalidAddress" if name in ("ReplyTo", "FaultTo", "To") else None,
            _problem_header(name),
        )
    values[name] = value


def _address(block: Element, name: str) -> str:
    if len(block) == 1 and block[0].tag == _ADDRESS:
        addresses = [block[0]]
    else:
        addresses = children(block, _ADDRESS)
    if len(addresses) != 1:
        _refuse(
            f"{place_of(block)}: wsa:{name} needs exactly one wsa:Address; write {ANONYMOUS}",
            "InvalidEPR" if addresses else "MissingAddressInEPR",
            _problem_header(name),
        )
    value = text_of(addresses[0]).strip()
    if value not in (ANONYMOUS, NONE):
        _refuse(
            f"{place_of(block)}: answers go back on the same connection only; "
            f"give wsa:{name} the address {ANONYMOUS}",
            "OnlyAnonymousAddressSupported",
            _problem_header(name),
        )
    return value


def _agreed_action(action: str | None, announced_actions: Iterable[str]) -> str:
    for announced in announced_actions:
        if action is None:
            action = announced
        elif announced != action:
            _refuse(
                f"Header: wsa:Action is {shown(action)} and HTTP announces {shown(announced)}; "
                "send the same action in both places",
                "ActionMismatch",
                "<wsa:ProblemAction>"
                f"<wsa:Action>{_escaped(action)}</wsa:Action>"
                f"<wsa:SoapAction>{_escaped(announced)}</wsa:SoapAction></wsa:ProblemAction>",
            )
    if not action:
        _refuse_missing("Action", "the message has no wsa:Action; add the transaction's action")
    return action


def _problem_header(name: str) -> str:
    return f"<wsa:ProblemHeaderQName>wsa:{name}</wsa:ProblemHeaderQName>"


def _escaped(text: str) -> str:
    return escape_text("".join(c if c.isprintable() else "\ufffd" for c in text[:_LONGEST]))


def _refuse(reason: str, subsubcode: str | None, detail: str) -> NoReturn:
    special = (f"{{{WSA}}}{subsubcode}",) if subsubcode else ()
    raise SoapFault(reason, subcodes=(_INVALID, *special), detail=detail.encode())


def _refuse_missing(name: str, reason: str) -> NoReturn:
    raise SoapFault(
        f"Header: {reason}",
        subcodes=(f"{{{WSA}}}MessageAddressingHeaderRequired",),
        detail=_problem_header(name).encode(),
    )
