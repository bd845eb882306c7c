"""Expressions through the library fhirpathpy, with what it lacks put in its place.

It is asked for what our own compiler does not speak. Repaired here: ``hasValue``, ``resolve``,
``conformsTo``, ``memberOf``, ``htmlChecks``; ``trace`` prints nothing; ``%resource``,
``%rootResource`` and ``%context`` are set. The library takes a quarter of a second to load, so
it is loaded at the first expression that needs it.

Source:
    HL7 FHIR R4 (4.0.1): 2.9.1 FHIRPath, the functions and variables FHIR adds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.validation.fhir.invariants import Focus, NotEvaluated


def evaluator(expression: str) -> Callable[[Focus], bool]:
    """Give a function that tells whether an expression holds of a focus.

    Raises:
        NotEvaluated: When the library does not read the expression.
    """
    evaluate = _prepared(expression)

    def holds(focus: Focus) -> bool:
        found = evaluate(focus)
        # What has no answer (an empty collection) breaks no rule.
        return not (len(found) == 1 and found[0] is False)

    return holds


def values(expression: str) -> Callable[[Focus], list[Any]]:
    """Give a function that tells what an expression yields."""
    return _prepared(expression)


def _prepared(expression: str) -> Callable[[Focus], list[Any]]:
    import fhirpathpy
    import fhirpathpy.models

    library: Any = fhirpathpy
    models: Any = fhirpathpy.models
    node_of = library.ResourceNode.create_node
    try:
        parsed = library.parse(expression)
    except Exception as error:
        raise NotEvaluated(f"the expression cannot be read: {str(error)[:120]}") from None

    def evaluate(focus: Focus) -> list[Any]:
        node = node_of(focus.value, focus.type_code)
        variables = {
            "resource": node_of(focus.resource),
            "rootResource": node_of(focus.root),
            "context": node,
        }
        options = {"userInvocationTable": _functions(focus), "traceFn": _say_nothing}
        try:
            found = library.apply_parsed_path(node, parsed, variables, models.models["r4"], options)
        except NotEvaluated:
            raise
        except Exception as error:
            raise NotEvaluated(f"{type(error).__name__}: {str(error)[:120]}") from None
        return found if isinstance(found, list) else [found]

    return evaluate


def _say_nothing(*_said: object) -> None:
    """Take what ``trace`` tells."""


def _functions(focus: Focus) -> dict[str, Any]:
    """The functions FHIR adds to the language."""

    def has_value(inputs: list[Any]) -> list[bool]:
        return [len(inputs) == 1 and not isinstance(inputs[0], dict | list)]

    def resolve(inputs: list[Any]) -> list[Any]:
        found = []
        for item in inputs:
            reference = item.get("reference") if isinstance(item, dict) else item
            if not isinstance(reference, str):
                continue
            target = focus.resolve(reference) if focus.resolve is not None else None
            if target is None:
                raise NotEvaluated(f"the reference {reference[:80]!r} leads to nothing at hand")
            found.append(target)
        return found

    def conforms_to(inputs: list[Any], profile: str) -> list[bool]:
        return [_known(focus, "conforms_to", item, profile) for item in inputs[:1]]

    def member_of(inputs: list[Any], value_set: str) -> list[bool]:
        return [_known(focus, "member_of", item, value_set) for item in inputs[:1]]

    def html_checks(inputs: list[Any]) -> list[bool]:
        from gateway.validation.fhir.narrative import complaints

        return [not any(True for _ in complaints(item)) for item in inputs[:1]]

    return {
        "hasValue": {"fn": has_value, "arity": {0: []}},
        "resolve": {"fn": resolve, "arity": {0: []}},
        "conformsTo": {"fn": conforms_to, "arity": {1: ["String"]}},
        "memberOf": {"fn": member_of, "arity": {1: ["String"]}},
        "htmlChecks": {"fn": html_checks, "arity": {0: []}},
    }


def _known(focus: Focus, question: str, item: Any, about: str) -> bool:
    """Ask the definitions something they may not know."""
    ask = getattr(focus.definitions, question, None)
    answer = ask(item, about) if ask is not None else None
    if answer is None:
        raise NotEvaluated(f"{about} is not at hand to answer {question}")
    return bool(answer)
