"""What the attributes of an assertion tell, held to what a community asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from copy import deepcopy

from conformance.judges.context import Context
from gateway.codecs.xml import Element
from gateway.model.datatypes import Code, Identifier
from gateway.model.lifecycle.ids import same_patient
from gateway.model.subject import SubjectKind
from gateway.security.errors import NotAuthenticated
from gateway.security.saml.names import DS, saml
from gateway.security.saml.statements import Statement, read_statement
from gateway.security.subjects import Facts, Reading, Voucher, read_access
from gateway.validation.issue import Issue
from gateway.validation.metadata import message_issue

ROLES = "subject_role"
"""Under this name a profile lists the value sets roles are taken from."""

_OF_THE_PRACTICE = (SubjectKind.PROFESSIONAL, SubjectKind.DELEGATE, SubjectKind.STRUCTURE)
_WHERE = "Assertion.AttributeStatement"


def fact_issues(
    assertion: Element, context: Context, patients: Iterable[str], *, silent: bool
) -> Iterator[Issue]:
    """Give what is wrong with the attributes.

    Args:
        patients: Whose records the request is about.
        silent: Whether something was found before that may keep the attributes from being read.
    """
    conventions = context.community.identity
    rules = conventions.assertion
    names = Counter(attribute.get("Name", "") for attribute in assertion.iter(saml("Attribute")))
    for name, count in names.items():
        if count > 1:
            yield message_issue("saml-attribute-repeated", f"there are {count}", _place(name))
    statement, problem = _read(assertion, context)
    if statement is None:
        if not silent:
            yield message_issue("saml-facts", problem, _WHERE)
        return
    for name, accepted in rules.required_values.items():
        said = [str(value) for value in statement.attributes.get(name, ())]
        if not said:
            yield message_issue(
                "saml-attribute", f"{name} is missing; it is {' or '.join(accepted)}", _place(name)
            )
        elif len(set(said)) != 1 or said[0] not in accepted:
            yield message_issue(
                "saml-attribute-value",
                f"{name} is {' or '.join(accepted)}, found {', '.join(said)[:120]}",
                _place(name),
            )
    facts = statement.facts(rules)
    purposes = list(_purposes(facts, context))
    yield from purposes
    yield from _roles(facts, context)
    yield from _required(facts, context, understood=not purposes)
    yield from _patient(facts, patients, rules.attributes.get("patient", ("",))[0])


def _read(assertion: Element, context: Context) -> tuple[Statement | None, str]:
    """What an assertion says, believed by nobody: its signature is left aside."""
    unsigned = deepcopy(assertion)
    for signature in list(unsigned.iterchildren(f"{{{DS}}}Signature")):
        unsigned.remove(signature)
    try:
        return read_statement(unsigned, context.community.identity.assertion), ""
    except NotAuthenticated as refused:
        return None, str(refused)


def _required(facts: Facts, context: Context, *, understood: bool) -> Iterator[Issue]:
    conventions = context.community.identity
    rules = conventions.assertion
    kind: SubjectKind | None = None
    problem = ""
    try:
        access = read_access(
            facts,
            Reading(conventions=conventions, naming=context.community.naming),
            Voucher(issuer=""),
        )
        kind = access.subject.kind
    except NotAuthenticated as refused:
        problem = str(refused)
    missing = sorted(word for word in rules.required if not facts.get(word))
    if kind is None or kind in _OF_THE_PRACTICE:
        for word in missing:
            told_by = " or ".join(rules.attributes.get(word, (word,)))
            yield message_issue("saml-attribute", f"{told_by} is missing", _place(told_by))
    if problem and understood and not missing:
        yield message_issue("saml-facts", problem, _WHERE)


def _purposes(facts: Facts, context: Context) -> Iterator[Issue]:
    conventions = context.community.identity
    for fact in facts.get("purpose", ()):
        if not isinstance(fact, Code):
            continue
        scheme = conventions.schemes.get(fact.scheme, fact.scheme)
        if scheme in conventions.closed_schemes and (fact.code, scheme) not in conventions.modes:
            known = [code for code, of in conventions.modes if of == scheme]
            yield message_issue(
                "saml-purpose",
                f"found {fact.code[:80]}; it is one of {', '.join(sorted(known))}",
                _place(conventions.assertion.attributes.get("purpose", ("purpose",))[0]),
            )


def _roles(facts: Facts, context: Context) -> Iterator[Issue]:
    sets = context.community.value_sets_of(ROLES)
    if not sets:
        return
    conventions = context.community.identity
    for fact in facts.get("role", ()):
        if not isinstance(fact, Code):
            continue
        key = (fact.code, conventions.schemes.get(fact.scheme, fact.scheme))
        if not any(key in one.codes for one in sets):
            yield message_issue(
                "saml-role",
                f"{key[0][:80]} ({key[1][:80]}) is in none of {', '.join(s.name for s in sets)}",
                _place(conventions.assertion.attributes.get("role", ("role",))[0]),
            )


def _patient(facts: Facts, patients: Iterable[str], name: str) -> Iterator[Issue]:
    about = [Identifier(text) for text in patients]
    for fact in facts.get("patient", ()):
        told = fact if isinstance(fact, Identifier) else Identifier(str(fact))
        if about and not any(same_patient(told, one) for one in about):
            yield message_issue("saml-patient", "", _place(name))


def _place(name: str) -> str:
    return f"{_WHERE}.Attribute[{name}]"
