"""The transactions a community speaks of: IHE's on the wire, and its own numbers for them.

``profiles/<name>/transactions.toml``: a table ``[[transaction]]`` says what a transaction of IHE
looks like in SOAP, a table ``[[national]]`` which of them a number of the community means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_MARKS = ("", "V", "S", "B")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionForm:
    """One transaction of IHE.

    Attributes:
        id: ``ITI-41``.
        action: What ``wsa:Action`` of a request says; empty where it is none of SOAP.
        response_action: Likewise of an answer.
        request: The element in the Body of a request, in Clark notation; ``response`` likewise.
        mtom: Whether it travels as MTOM.
    """

    id: str
    title: str
    source: str
    action: str = ""
    response_action: str = ""
    request: str = ""
    response: str = ""
    mtom: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NationalTransaction:
    """A number of the community, and what it means on the wire.

    Attributes:
        id: As the community writes it.
        title: By language.
        means: Numbers of IHE; none where it is not of IHE.
        mark: How sure the source is (``V`` read, ``S`` stated, ``B`` believed).
    """

    id: str
    title: Mapping[str, str]
    source: str
    means: tuple[str, ...] = ()
    wire: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transactions:
    """All of a profile's."""

    forms: tuple[TransactionForm, ...] = ()
    national: tuple[NationalTransaction, ...] = ()
    by_action: Mapping[str, tuple[TransactionForm, bool]] = field(default_factory=dict, repr=False)
    """By action: the transaction, and whether it is the request's."""

    def form(self, number: str) -> TransactionForm | None:
        """The transaction of a number of IHE."""
        return next((one for one in self.forms if one.id == number), None)

    def national_of(self, number: str) -> tuple[NationalTransaction, ...]:
        """The community's numbers for a transaction of IHE."""
        return tuple(one for one in self.national if number in one.means)


def transactions_from(data: Mapping[str, Any], parent: Transactions) -> Transactions:
    """Put what a profile says over what the profile it extends says; a number said again is anew.

    Raises:
        ValueError: When a row lacks a part, has an unknown one, or names an unknown transaction.
    """
    if unknown := set(data) - {"transaction", "national"}:
        raise ValueError(f"{min(unknown)!r} is no table of transactions")
    forms = {one.id: one for one in parent.forms}
    for row in data.get("transaction", ()):
        form = _form(row)
        forms[form.id] = form
    national = {one.id: one for one in parent.national}
    for row in data.get("national", ()):
        one = _national(row, forms)
        national[one.id] = one
    by_action: dict[str, tuple[TransactionForm, bool]] = {}
    for form in forms.values():
        for action, is_request in ((form.action, True), (form.response_action, False)):
            if not action:
                continue
            known = by_action.setdefault(action, (form, is_request))
            if known[0] is not form:
                raise ValueError(f"{form.id} has the action of {known[0].id}")
    return Transactions(
        forms=tuple(forms.values()),
        national=tuple(national.values()),
        by_action=MappingProxyType(by_action),
    )


def _form(row: Mapping[str, Any]) -> TransactionForm:
    name = str(row.get("id", "a transaction without id"))
    if type(row.get("mtom", False)) is not bool:
        raise ValueError(f"{name}: mtom is true or false")
    try:
        form = TransactionForm(**row)
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from None
    if not (form.id and form.title and form.source):
        raise ValueError(f"{name}: id, title and source are needed")
    return form


def _national(row: Mapping[str, Any], forms: Mapping[str, TransactionForm]) -> NationalTransaction:
    name = str(row.get("id", "a transaction without id"))
    title = row.get("title")
    if not isinstance(title, Mapping) or not title.get("en"):
        raise ValueError(f"{name}: title.en is missing")
    means = row.get("means", [])
    for number in means:
        if number not in forms:
            raise ValueError(f"{name}: means {number!r}, which is no transaction of this profile")
    if row.get("mark", "") not in _MARKS:
        raise ValueError(f"{name}: mark is V, S or B")
    if not row.get("source"):
        raise ValueError(f"{name}: source is missing")
    try:
        return NationalTransaction(
            **{**row, "means": tuple(means), "title": MappingProxyType(dict(title))}
        )
    except TypeError as error:
        raise ValueError(f"{name}: {error}") from None
