"""The constraints of definitions, one function each: what holds, what does not, what is not known.

A constraint is an expression of FHIRPath. Three ways lead from its text to an answer, tried in
this order: a native function where the very same text is known (``invariants_*.py``), our own
compiler (:mod:`gateway.validation.fhir.fhirpath`), and the library fhirpathpy for what the
compiler does not speak (:mod:`gateway.validation.fhir.fhirpath_library`, imported when needed).
What no way can answer is ``None`` with a reason, to be reported as not checked: a false alarm
would be worse than an honest gap.

Source:
    HL7 FHIR R4 (4.0.1): 2.1.0.4 constraints, ElementDefinition.constraint; 2.9 FHIRPath.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Quick: TypeAlias = Callable[[Any, Json, Json], "bool | None"]
"""A native: the value, the resource it is in, the resource that contains this one."""


class Focus:
    """What a constraint is about.

    Attributes:
        value: The element's value as JSON has it; ``None`` for a primitive that has only ``said``.
        type_code: Its type (``Period``, ``dateTime``, ``Patient``), or of an element with a
            structure of its own the path in the base definition (``Bundle.entry``).
        resource: The resource it is in: ``%resource``.
        root: The resource that contains that one, or the same: ``%rootResource``.
        resolve: Gives what a reference points to, where that is at hand.
        definitions: Answers ``memberOf`` and ``conformsTo``: an object with the methods
            ``member_of(value, value_set)`` and ``conforms_to(resource, profile)``, either giving
            ``None`` for what it cannot tell; or ``None``.
        said: Of a primitive, the object beside it (``_birthDate``).
    """

    __slots__ = ("definitions", "resolve", "resource", "root", "said", "type_code", "value")

    def __init__(
        self,
        value: Any,
        type_code: str,
        resource: Json,
        root: Json | None = None,
        resolve: Callable[[str], Json | None] | None = None,
        definitions: Any = None,
        said: Json | None = None,
    ) -> None:
        """Say what it is; without ``root`` the resource is contained in nothing."""
        self.value = value
        self.type_code = type_code
        self.resource = resource
        self.root = resource if root is None else root
        self.resolve = resolve
        self.definitions = definitions
        self.said = said


class NotEvaluated(Exception):
    """An expression, or what it is asked about, that cannot be evaluated; says why."""


class Check:
    """One constraint, ready to be asked.

    Attributes:
        key: As the definition names it.
        expression: Its text.
        quick: The native, for who has the three values at hand and asks often; ``None`` where
            there is none. It may raise on a value whose structure is wrong, which says nothing.
        reason: Why the last question had no answer.
    """

    __slots__ = ("_slow", "expression", "key", "quick", "reason")

    def __init__(self, key: str, expression: str, quick: Quick | None) -> None:
        """Keep the text; what is not native is compiled at the first question."""
        self.key = key
        self.expression = expression
        self.quick = quick
        self.reason = ""
        self._slow: Callable[[Focus], bool] | None = None

    @property
    def is_native(self) -> bool:
        """Whether a function of ours answers."""
        return self.quick is not None

    def __call__(self, focus: Focus) -> bool | None:
        """Whether the constraint holds; ``None`` when that cannot be told, :attr:`reason` why."""
        try:
            if self.quick is not None:
                holds = self.quick(focus.value, focus.resource, focus.root)
                if holds is None:
                    self.reason = "the values cannot be compared"
                return holds
            if self._slow is None:
                self._slow = _evaluator(self.expression)
            return self._slow(focus)
        except NotEvaluated as reason:
            self.reason = str(reason)
        except RecursionError:
            self.reason = "nested too deeply"
        except Exception as error:
            # A value of a wrong shape, reported elsewhere, may break any expression half way.
            self.reason = f"{type(error).__name__}: {str(error)[:120]}"
        return None


@cache
def compiled(key: str, expression: str) -> Check:
    """Give the function of a constraint; one for each text, kept for good."""
    return Check(key, expression, _natives().get((key, expression)))


@cache
def _natives() -> dict[tuple[str, str], Quick]:
    """All natives. Imported here, because they are registered through this module."""
    from gateway.validation.fhir.invariants_resources import RESOURCES
    from gateway.validation.fhir.invariants_types import TYPES

    return {**TYPES, **RESOURCES}


def natives() -> dict[tuple[str, str], Quick]:
    """The natives by key and expression, for who checks them against an engine."""
    return dict(_natives())


def _evaluator(expression: str) -> Callable[[Focus], bool]:
    """Give an evaluator for an expression that is not native.

    Raises:
        NotEvaluated: When no engine reads it.
    """
    from gateway.validation.fhir import fhirpath

    try:
        return fhirpath.evaluator(expression)
    except NotEvaluated as not_ours:
        # The library speaks a little of what our compiler does not; it takes long to load.
        from gateway.validation.fhir import fhirpath_library

        try:
            return fhirpath_library.evaluator(expression)
        except (NotEvaluated, ImportError):
            raise not_ours from None


class Natives(dict[tuple[str, str], Quick]):
    """A table that fills itself from decorated functions."""

    def __call__(self, key: str, *expressions: str) -> Callable[[Quick], Quick]:
        """Register a function for a key and each of the texts it is written with."""

        def register(function: Quick) -> Quick:
            for expression in expressions:
                self[key, expression] = function
            return function

        return register
