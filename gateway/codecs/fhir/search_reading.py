"""One search while it is read: its parameters by name, its findings, its parts as they are asked.

The findings gather here; :mod:`gateway.codecs.fhir.search` puts the query together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gateway.codecs.fhir.identifiers import cx_text
from gateway.codecs.fhir.resource import FHIR_ID
from gateway.codecs.fhir.search_conditions import (
    code_condition,
    date_condition,
    either,
    identifier_condition,
    issued_condition,
    period_condition,
)
from gateway.codecs.fhir.search_names import parameter_name, split_modifier
from gateway.codecs.fhir.search_parameters import Kind, Parameter, StatusTable
from gateway.codecs.fhir.search_values import (
    DateRange,
    Token,
    read_date,
    read_identifier_token,
    read_token,
    split_values,
    unescape,
)
from gateway.codecs.fhir.vocabulary import (
    IDENTIFIER_TYPE,
    OID_URN,
    RELATION_OF,
    URI_SYSTEM,
    UUID_URN,
)
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.datatypes import Identifier
from gateway.model.naming import NamingSystems
from gateway.model.vocabulary import AssociationType
from gateway.transactions.conditions import (
    Condition,
    Either,
    Has,
    HasCode,
    HasIdentifier,
    HasText,
    Is,
    Linked,
    Match,
    Not,
)
from gateway.transactions.registry_stored_query import AnyOf

MAX_VALUES = 200
"""Values of one parameter; more is an attempt at exhaustion."""

_NEVER = Either(())
_HELD = (AssociationType.HAS_MEMBER.value,)
_NO_STATUS_HERE = frozenset({"entered-in-error"})


class SearchReading:
    """One search while it is read.

    Attributes:
        also: What must hold, gathered from parameter after parameter.
        coded: Plain groups of codes by attribute: what a stored query asks as well.
        patient: Whom the search is about, by identifier.
        reference: Likewise, by reference.
        named: Single objects are named, so no patient needs to be.
        impossible: Nothing can match.
    """

    def __init__(
        self,
        parameters: Sequence[tuple[str, str]],
        naming: NamingSystems,
        base_url: str = "",
        home_community_id: str = "",
    ) -> None:
        self.naming = naming
        self.home_community_id = home_community_id
        self.base_url = base_url
        self.findings: list[Finding] = []
        self.impossible = False
        self.named = False
        self.also: list[Condition] = []
        self.coded: dict[str, list[AnyOf]] = {}
        self.patient: list[Identifier] = []
        self.reference: list[str] = []
        self.values: dict[str, list[str]] = {}
        for name, value in parameters:
            self.values.setdefault(parameter_name(name), []).append(value)

    def note(
        self,
        rule: str,
        name: str,
        message: str,
        code: ErrorCode = ErrorCode.INVALID_SEARCH,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a finding about a parameter."""
        self.findings.append(
            Finding(rule=rule, code=code, location=name, message=message, severity=severity)
        )

    def groups(self, name: str) -> list[list[str]]:
        """The values of a parameter: repeated ones must all hold, of each one alternative."""
        groups: list[list[str]] = []
        for text in self.values.get(name, ()):
            values = [value for value in split_values(text) if value]
            if not values:
                self.note("search-value", name, "a parameter needs a value")
            elif len(values) > MAX_VALUES:
                self.note("search-value", name, f"at most {MAX_VALUES} values, not {len(values)}")
            else:
                groups.append(values)
        return groups

    def last(self, name: str) -> str | None:
        """The value of a parameter that can be given once; the last one counts."""
        texts = self.values.get(name)
        return texts[-1] if texts else None

    # --- All parameters of a resource ----------------------------------------------------------

    def read(self, known: Mapping[str, Parameter]) -> list[str]:
        """Read every parameter of a table; give the names of those that are in none.

        Status, patient and the kind of a List are read by themselves.
        """
        others: list[str] = []
        for name in self.values:
            base, modifier = split_modifier(name, known)
            parameter = known.get(base)
            if parameter is None:
                others.append(name)
            elif modifier and modifier not in parameter.kind.modifiers:
                self._refuse_modifier(name, base, modifier, parameter)
            elif modifier == "missing":
                self.also.extend(self._missing(name, parameter))
            elif parameter.kind is Kind.TEXT:
                self._texts(name, parameter, modifier)
            elif parameter.kind is Kind.COMMUNITY:
                self._communities(name)
            elif (reader := _READERS.get(parameter.kind)) is not None:
                if modifier == "of-type":
                    reader = SearchReading._typed
                for values in self.groups(name):
                    condition = reader(self, name, parameter, values)
                    if condition is not None:
                        self.also.append(Not(condition) if modifier == "not" else condition)
        return others

    def _communities(self, name: str) -> None:
        """The communities whose documents are wanted: ours must be among them."""
        for values in self.groups(name):
            asked = {unescape(value).removeprefix(OID_URN) for value in values}
            if not self.home_community_id:
                self.note(
                    "search-community",
                    name,
                    "this gateway answers for one community without a name of its own; the "
                    "parameter was ignored",
                    ErrorCode.NOT_SUPPORTED,
                    Severity.WARNING,
                )
            elif self.home_community_id.removeprefix(OID_URN) not in asked:
                self.note(
                    "search-community",
                    name,
                    f"this gateway answers for {self.home_community_id} only",
                    ErrorCode.UNKNOWN_COMMUNITY,
                )

    def _refuse_modifier(self, name: str, base: str, modifier: str, parameter: Parameter) -> None:
        # A modifier changes the meaning, so it cannot be ignored (FHIR R4: 3.1.1.4.5).
        able = parameter.kind.modifiers
        self.note(
            "search-modifier",
            name,
            f"the modifier {modifier[:40]!r} is not supported; {base} takes "
            + (", ".join(":" + one for one in able) if able else "none"),
            ErrorCode.NOT_SUPPORTED,
        )

    def _missing(self, name: str, parameter: Parameter) -> list[Condition]:
        conditions: list[Condition] = []
        for value, *more in self.groups(name):
            if more or value not in ("true", "false"):
                self.note("search-missing", name, "expected true or false")
                continue
            present = self._present(name.partition(":")[0], parameter)
            conditions.append(Not(present) if value == "true" else present)
        return conditions

    def _present(self, base: str, parameter: Parameter) -> Condition:
        if parameter.kind is Kind.ITEM:
            return Linked(from_here=True, types=_HELD)
        if parameter.kind in (Kind.RELATES_TO, Kind.RELATION):
            return Linked(from_here=True)
        if parameter.kind is Kind.IDENTIFIER:
            return Has("entry_uuid")
        if "reference_id_list" in parameter.attributes:
            return self._references(parameter)
        return either([Has(attribute) for attribute in parameter.attributes])

    def _references(self, parameter: Parameter, token: Token | None = None) -> Condition:
        if token is None:
            return HasIdentifier("reference_id_list", None, None, parameter.type_code)
        return issued_condition(token, "reference_id_list", self.naming, parameter.type_code)

    # --- Codes ---------------------------------------------------------------------------------

    def _codes(self, name: str, parameter: Parameter, values: list[str]) -> Condition | None:
        (attribute,) = parameter.attributes
        tokens = self._tokens(name, values)
        conditions = [code_condition(token, attribute, self.naming) for token in tokens]
        plain = [(c.code, c.scheme) for c in conditions if isinstance(c, HasCode) and c.code]
        if ":" not in name and conditions and len(plain) == len(conditions):
            group = tuple((code, scheme) for code, scheme in plain if code)
            self.coded.setdefault(attribute, []).append(group)
            return None
        return either(conditions) if conditions else None

    def _tokens(self, name: str, values: list[str]) -> list[Token]:
        tokens = [read_token(value) for value in values]
        if any(not token.code and not token.system for token in tokens):
            self.note("search-token", name, "give a code, system|code, |code or system|")
            return []
        return tokens

    def every(self, attribute: str) -> tuple[AnyOf, ...]:
        """The plain groups asked of an attribute with several values."""
        return tuple(self.coded.get(attribute, ()))

    def one(self, attribute: str) -> AnyOf:
        """The codes of an attribute that has one value: all groups hold for it at once."""
        groups = self.coded.get(attribute)
        if not groups:
            return ()
        common = groups[0]
        for group in groups[1:]:
            common = tuple(
                dict.fromkeys(
                    (code, scheme if other is None else other)
                    for code, scheme in common
                    for code_, other in group
                    if code == code_ and (scheme is None or other is None or scheme == other)
                )
            )
        if not common:
            self.impossible = True
        return common

    def _words(self, name: str, parameter: Parameter, values: list[str]) -> Condition | None:
        """A code whose system FHIR fixes, so that a system given is not looked at."""
        codes = [token.code for token in self._tokens(name, values)]
        if parameter.words:
            wrong = [code for code in codes if code not in parameter.words]
            if wrong:
                self.note("search-token", name, f"expected {' or '.join(parameter.words)}")
            codes = [text for code in codes for text in parameter.words.get(code, ())]
        return Is(parameter.attributes[0], tuple(codes)) if codes else None

    def statuses(self, table: StatusTable) -> tuple[str, ...]:
        """The statuses that agree with every parameter about the status."""
        left = list(table)
        for name in dict.fromkeys(name for values in table.values() for name in values):
            possible = {v for values in table.values() for v in values.get(name, ())}
            possible |= {"true", "false"} if name != "status" else set()
            for spelled in (name, f"{name}:not"):
                for values in self.groups(spelled):
                    asked = {read_token(value).code for value in values}
                    if asked - possible - _NO_STATUS_HERE:
                        self.note(
                            "search-token", spelled, f"expected {' or '.join(sorted(possible))}"
                        )
                    left = [
                        status
                        for status in left
                        if asked.isdisjoint(table[status].get(name, ())) == (spelled != name)
                    ]
        if not left:
            self.impossible = True
        return tuple(left)

    # --- Times ---------------------------------------------------------------------------------

    def _dates(self, name: str, parameter: Parameter, values: list[str]) -> Condition | None:
        dates = [date for value in values if (date := self._date(name, value)) is not None]
        if not dates:
            return None
        if parameter.kind is Kind.PERIOD:
            return either([period_condition(date, *parameter.attributes) for date in dates])
        return either([date_condition(date, parameter.attributes[0]) for date in dates])

    def _date(self, name: str, value: str) -> DateRange | None:
        date = read_date(value)
        if date is None:
            self.note(
                "search-date",
                name,
                f"{value[:40]!r} is no date: write [prefix]YYYY[-MM[-DD[Thh:mm[:ss][zone]]]]",
            )
        elif date.prefix == "ap":
            self.note(
                "search-date",
                name,
                "how near 'ap' (approximately) is would be a guess here; give a range with ge "
                "and le instead",
                ErrorCode.NOT_SUPPORTED,
            )
            return None
        return date

    # --- Names and identifiers -----------------------------------------------------------------

    def _texts(self, name: str, parameter: Parameter, modifier: str) -> None:
        match = Match(modifier) if modifier else Match.BEGINS
        for values in self.groups(name):
            self.also.append(
                either(
                    [
                        HasText(attribute, unescape(value), match)
                        for value in values
                        for attribute in parameter.attributes
                    ]
                )
            )

    def read_patient(self) -> None:
        """The patient, by reference or by identifier."""
        for values in self.groups("patient"):
            if len(values) > 1:
                self.note("search-patient", "patient", "one patient per search")
            else:
                # Only a Patient can be meant, so the id may stand alone.
                reference = unescape(values[0])
                self.reference.append(
                    f"Patient/{reference}" if FHIR_ID.match(reference) else reference
                )
        for values in self.groups("patient.identifier"):
            if len(values) > 1:
                self.note("search-patient", "patient.identifier", "one patient per search")
                continue
            identifier = read_patient_identifier(values[0], self.naming)
            if identifier is None:
                self.note(
                    "search-patient",
                    "patient.identifier",
                    "name the patient as system|value: the value alone is not unique",
                )
                continue
            self.patient.append(identifier)
        if len(set(self.patient)) > 1 or len(set(self.reference)) > 1:
            self.impossible = True

    def _identifiers(self, name: str, parameter: Parameter, values: list[str]) -> Condition | None:
        tokens = self._tokens(name, values)
        if not tokens:
            return None
        if parameter.kind is Kind.SOURCE:
            # The source of a submission is named like a document, by an OID as a rule.
            own = [identifier_condition(t, self.naming, "uniqueId") for t in tokens]
            return either([_about(condition, parameter.attributes[0]) for condition in own])
        asked = [read_identifier_token(token) for token in tokens]
        if ":" not in name and all(value for _, value in asked):
            self.named = True
        return either([identifier_condition(token, self.naming) for token in tokens])

    def _issued(self, name: str, parameter: Parameter, values: list[str]) -> Condition | None:
        tokens = self._tokens(name, values)
        conditions = [
            issued_condition(token, attribute, self.naming, parameter.type_code)
            for token in tokens
            for attribute in parameter.attributes
        ]
        return either(conditions) if conditions else None

    def _typed(self, name: str, parameter: Parameter, values: list[str]) -> Condition | None:
        """``:of-type=system|code|value``: an identifier by its type."""
        found: list[Condition] = []
        for value in values:
            parts = [unescape(part) for part in split_values(value, "|")]
            if len(parts) != 3 or not all(parts[1:]):
                self.note("search-token", name, "give the identifier as system|code|value")
                continue
            system, code, text = parts
            if parameter.kind is Kind.REFERENCE_ID:
                known = system in (URI_SYSTEM, "")
                token = Token(URI_SYSTEM if text.startswith("urn:") else None, text)
                condition = issued_condition(token, "reference_id_list", self.naming, code)
            else:
                known = system == IDENTIFIER_TYPE and code in ("uniqueId", "entryUUID")
                condition = identifier_condition(Token(None, text), self.naming, code)
            found.append(condition if known else _NEVER)
        return either(found) if found else None

    def _id(self, name: str, _: Parameter, values: list[str]) -> Condition | None:
        """A resource's id: the logical id, or that of one version."""
        self.named = True
        ids = tuple(UUID_URN + unescape(value).lower() for value in values)
        return Either((Is("logical_id", ids), Is("entry_uuid", ids)))

    # --- References ----------------------------------------------------------------------------

    def _references_to(self, name: str, values: list[str], kinds: tuple[str, ...]) -> list[str]:
        """Give the ids that references to resources of ours name; others name nothing here."""
        ids: list[str] = []
        for value in values:
            reference = unescape(value)
            if self.base_url:
                reference = reference.removeprefix(self.base_url + "/")
            kind, slash, name_ = reference.rpartition("/")
            if reference.startswith(UUID_URN):
                ids.append(reference.lower())
            elif FHIR_ID.match(name_) and (kind in kinds or not slash):
                ids.append(UUID_URN + name_.lower())
        return ids

    def _relates_to(self, name: str, _: Parameter, values: list[str]) -> Condition | None:
        ids = self._references_to(name, values, ("DocumentReference",))
        return Linked(from_here=True, to=tuple(ids)) if ids else _NEVER

    def _item(self, name: str, _: Parameter, values: list[str]) -> Condition | None:
        ids = self._references_to(name, values, ("DocumentReference", "List"))
        if ":" not in name:
            self.named = True
        return Linked(from_here=True, types=_HELD, to=tuple(ids)) if ids else _NEVER

    def _relation(self, name: str, _: Parameter, values: list[str]) -> Condition | None:
        codes = {token.code for token in self._tokens(name, values)}
        types = tuple(xds for xds, code in RELATION_OF.items() if code in codes)
        return Linked(from_here=True, types=types) if types else _NEVER

    def _related(self, name: str, parameter: Parameter, values: list[str]) -> Condition | None:
        """XDS refers to other things by identifier; a URI is one, a resource's address is none."""
        uris = [text for value in values if (text := unescape(value)).startswith("urn:")]
        if len(uris) < len(values):
            base = name.partition(":")[0]
            self._nothing_there(name, f"use {base}:identifier=system|value")
        found = [self._references(parameter, Token(URI_SYSTEM, uri)) for uri in uris]
        return either(found) if found else _NEVER

    def _elsewhere(self, name: str, _: Parameter, values: list[str]) -> Condition | None:
        self._nothing_there(name, "use its chains, as author.identifier or source.family")
        return _NEVER

    def _nothing_there(self, name: str, instead: str) -> None:
        self.note(
            "search-reference",
            name,
            f"nothing here refers to that resource, so nothing matches; {instead}",
            ErrorCode.NOT_SUPPORTED,
            Severity.WARNING,
        )


def read_patient_identifier(value: str, naming: NamingSystems) -> Identifier | None:
    """Read ``system|value``; ``None`` where one of them is missing."""
    token = read_token(value)
    if not token.system or not token.code:
        return None
    return Identifier(cx_text(token.code, naming.scheme(token.system)))


def _about(condition: Condition, attribute: str) -> Condition:
    """Let a condition about the uniqueId be one about another identifier."""
    match condition:
        case Is(_, values):
            return Is(attribute, values)
        case HasIdentifier(_, value, authority):
            return HasIdentifier(attribute, value, authority)
    return condition


# Made once: a reading is made for every search.
_Reader = Callable[[SearchReading, str, Parameter, list[str]], Condition | None]
_READERS: dict[Kind, _Reader] = {
    Kind.ID: SearchReading._id,
    Kind.KEY: SearchReading._words,
    Kind.CODE: SearchReading._codes,
    Kind.WORD: SearchReading._words,
    Kind.IDENTIFIER: SearchReading._identifiers,
    Kind.SOURCE: SearchReading._identifiers,
    Kind.ISSUED: SearchReading._issued,
    Kind.REFERENCE_ID: SearchReading._issued,
    Kind.RELATION: SearchReading._relation,
    Kind.DATE: SearchReading._dates,
    Kind.PERIOD: SearchReading._dates,
    Kind.RELATES_TO: SearchReading._relates_to,
    Kind.RELATED: SearchReading._related,
    Kind.ITEM: SearchReading._item,
    Kind.ELSEWHERE: SearchReading._elsewhere,
}
