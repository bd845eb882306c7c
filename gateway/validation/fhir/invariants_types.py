"""The constraints on data types and on all elements, natively.

Each function stands under the expression it answers for, word for word: a definition that words
its constraint otherwise is evaluated, not guessed at. The tests compare every function with
fhirpathpy on generated values. Arguments are the value, its resource, the containing resource.

Source:
    HL7 FHIR R4 (4.0.1): the StructureDefinitions of the data types.
"""

from __future__ import annotations

from typing import Any

from gateway.validation.fhir.invariants import Json, Natives
from gateway.validation.fhir.narrative import is_empty, markup_complaints
from gateway.validation.fhir.times import compare_times

TYPES = Natives()

UCUM = "http://unitsofmeasure.org"


def has(value: Json, name: str) -> bool:
    """Whether an element that may be a primitive is there, with a value or with extensions."""
    return name in value or f"_{name}" in value


def has_choice(value: Json, name: str) -> bool:
    """Whether an element of a choice of types (``value[x]``) is there."""
    length = len(name)
    for member in value:
        key = member[1:] if member[:1] == "_" else member
        if key[:length] == name and key[length : length + 1].isupper():
            return True
    return False


# --- All elements --------------------------------------------------------------------------------


@TYPES("ele-1", "hasValue() or (children().count() > id.count())")
def _ele_1(value: Any, resource: Json, root: Json) -> bool:
    if type(value) is not dict:
        return value is not None
    return len(value) > ("id" in value)


@TYPES("ext-1", "extension.exists() != value.exists()")
def _ext_1(value: Json, resource: Json, root: Json) -> bool:
    for key in value:
        if key[:5] == "value" or key[:6] == "_value":
            return "extension" not in value
    return "extension" in value


# One text for two rules: each is told for what it is about.
@TYPES("txt-1", "htmlChecks()")
def _txt_1(value: str, resource: Json, root: Json) -> bool:
    return not any(True for _ in markup_complaints(value))


@TYPES("txt-2", "htmlChecks()")
def _txt_2(value: str, resource: Json, root: Json) -> bool:
    return not is_empty(value)


@TYPES(
    "ref-1",
    "reference.startsWith('#').not() or "
    "(reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))",
)
def _ref_1(value: Json, resource: Json, root: Json) -> bool:
    reference = value.get("reference")
    if reference is None or reference[:1] != "#" or reference == "#":
        return True
    return any(inside.get("id") == reference[1:] for inside in root.get("contained", ()))


# --- Times and amounts ---------------------------------------------------------------------------


@TYPES("per-1", "start.hasValue().not() or end.hasValue().not() or (start <= end)")
def _per_1(value: Json, resource: Json, root: Json) -> bool:
    start, end = value.get("start"), value.get("end")
    if start is None or end is None:
        return True
    # Times of different precision that agree as far as both go are in no order; R5 has reworded
    # the constraint so that it holds of them.
    order = compare_times(start, end)
    return order is None or order <= 0


@TYPES("qty-3", "code.empty() or system.exists()")
def _qty_3(value: Json, resource: Json, root: Json) -> bool:
    return not has(value, "code") or has(value, "system")


def _ucum_amount(value: Json) -> bool:
    """A code wherever there is a value, and UCUM for the system if there is one."""
    system = value.get("system", UCUM if "_system" not in value else None)
    return (has(value, "code") or not has(value, "value")) and system == UCUM


@TYPES(
    "age-1",
    "(code.exists() or value.empty()) and (system.empty() or system = %ucum) and "
    "(value.empty() or value.hasValue().not() or value > 0)",
)
def _age_1(value: Json, resource: Json, root: Json) -> bool:
    return _ucum_amount(value) and value.get("value", 1) > 0


@TYPES("dis-1", "(code.exists() or value.empty()) and (system.empty() or system = %ucum)")
def _dis_1(value: Json, resource: Json, root: Json) -> bool:
    return _ucum_amount(value)


@TYPES("drt-1", "code.exists() implies ((system = %ucum) and value.exists())")
def _drt_1(value: Json, resource: Json, root: Json) -> bool:
    # Without a system the expression is neither true nor false.
    system = value.get("system", UCUM)
    return not has(value, "code") or (system == UCUM and has(value, "value"))


@TYPES("rng-2", "low.empty() or high.empty() or (low <= high)")
def _rng_2(value: Json, resource: Json, root: Json) -> bool | None:
    low, high = value.get("low"), value.get("high")
    if low is None or high is None:
        return True
    least, most = low.get("value"), high.get("value")
    if least is None or most is None:
        return True
    if all(low.get(member) == high.get(member) for member in ("system", "code", "unit")):
        return bool(least <= most)
    return None  # amounts in different units


@TYPES(
    "rat-1",
    "(numerator.empty() xor denominator.exists()) and (numerator.exists() or extension.exists())",
)
def _rat_1(value: Json, resource: Json, root: Json) -> bool:
    numerator = "numerator" in value
    return numerator == ("denominator" in value) and (numerator or "extension" in value)


# --- Other data types ----------------------------------------------------------------------------


@TYPES("att-1", "data.empty() or contentType.exists()")
def _att_1(value: Json, resource: Json, root: Json) -> bool:
    return not has(value, "data") or has(value, "contentType")


@TYPES("cpt-2", "value.empty() or system.exists()")
def _cpt_2(value: Json, resource: Json, root: Json) -> bool:
    return not has(value, "value") or has(value, "system")


@TYPES("exp-1", "expression.exists() or reference.exists()")
def _exp_1(value: Json, resource: Json, root: Json) -> bool:
    return has(value, "expression") or has(value, "reference")


@TYPES("tim-1", "duration.empty() or durationUnit.exists()")
def _tim_1(value: Json, resource: Json, root: Json) -> bool:
    return not has(value, "duration") or has(value, "durationUnit")


@TYPES("tim-2", "period.empty() or periodUnit.exists()")
def _tim_2(value: Json, resource: Json, root: Json) -> bool:
    return not has(value, "period") or has(value, "periodUnit")


@TYPES("tim-4", "duration.exists() implies duration >= 0")
def _tim_4(value: Json, resource: Json, root: Json) -> bool:
    return bool(value.get("duration", 0) >= 0)


@TYPES("tim-5", "period.exists() implies period >= 0")
def _tim_5(value: Json, resource: Json, root: Json) -> bool:
    return bool(value.get("period", 0) >= 0)


@TYPES("tim-6", "periodMax.empty() or period.exists()")
def _tim_6(value: Json, resource: Json, root: Json) -> bool:
    return not has(value, "periodMax") or has(value, "period")


@TYPES("tim-7", "durationMax.empty() or duration.exists()")
def _tim_7(value: Json, resource: Json, root: Json) -> bool:
    return not has(value, "durationMax") or has(value, "duration")


@TYPES("tim-8", "countMax.empty() or count.exists()")
def _tim_8(value: Json, resource: Json, root: Json) -> bool:
    return not has(value, "countMax") or has(value, "count")


@TYPES("tim-10", "timeOfDay.empty() or when.empty()")
def _tim_10(value: Json, resource: Json, root: Json) -> bool:
    return not has(value, "timeOfDay") or not has(value, "when")


_AT_MEALS = frozenset(("C", "CM", "CD", "CV"))


@TYPES(
    "tim-9",
    "offset.empty() or (when.exists() and ((when in ('C' | 'CM' | 'CD' | 'CV')).not()))",
)
def _tim_9(value: Json, resource: Json, root: Json) -> bool:
    # The expression is defined for one time only, and there may be several.
    when = value.get("when", ())
    return not has(value, "offset") or (bool(when) and _AT_MEALS.isdisjoint(when))
