"""The constraints on the resources a gateway meets, natively.

As in :mod:`gateway.validation.fhir.invariants_types`: word for word the expressions of the
definitions, each compared with fhirpathpy in the tests.

Source:
    HL7 FHIR R4 (4.0.1): the StructureDefinitions of the resources.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gateway.codecs.fhir.elements import is_resource, structure
from gateway.validation.fhir.invariants import Json, Natives
from gateway.validation.fhir.invariants_types import has, has_choice
from gateway.validation.fhir.narrative import image_references

RESOURCES = Natives()


# --- Every resource with a narrative -------------------------------------------------------------


@RESOURCES("dom-2", "contained.contained.empty()")
def _dom_2(value: Json, resource: Json, root: Json) -> bool:
    return not any("contained" in inside for inside in value.get("contained", ()))


@RESOURCES(
    "dom-3",
    "contained.where((('#'+id in (%resource.descendants().reference | "
    "%resource.descendants().as(canonical) | %resource.descendants().as(uri) | "
    "%resource.descendants().as(url))) or descendants().where(reference = '#').exists() or "
    "descendants().where(as(canonical) = '#').exists() or "
    "descendants().where(as(canonical) = '#').exists()).not()).trace('unmatched', id).empty()",
)
def _dom_3(value: Json, resource: Json, root: Json) -> bool:
    if "contained" not in value:
        return True
    wanted = {f"#{inside['id']}" for inside in value["contained"] if "id" in inside}
    _leave_referred(resource, wanted)
    if not wanted:
        return True
    wanted -= set(_pointers(resource, _POINTING))
    # The letter forgets the images of narratives, which are contained Binary resources.
    wanted -= {f"#{name}" for div in _narratives(resource) for name in image_references(div)}
    return not wanted or all(
        f"#{inside.get('id')}" not in wanted or "#" in _pointers(inside, _POINTING_BACK)
        for inside in value["contained"]
    )


def _narratives(resource: Json) -> Iterator[str]:
    """The narratives of a resource: its own, and those of a Composition's sections."""
    waiting: list[Json] = [resource]
    while waiting:
        one = waiting.pop()
        text = one.get("text")
        if type(text) is dict and type(text.get("div")) is str:
            yield text["div"]
        waiting += one.get("section", ())


def _leave_referred(value: Any, wanted: set[str]) -> None:
    """Take away what a Reference somewhere in a value names; nearly always that is everything."""
    waiting = [value]
    while waiting and wanted:
        for name, member in waiting.pop().items():
            kind = type(member)
            if kind is dict:
                waiting.append(member)
            elif kind is list:
                waiting += [item for item in member if type(item) is dict]
            elif name == "reference" and kind is str:
                wanted.discard(member)


def _pointers(resource: Json, types: frozenset[str]) -> Iterator[str]:
    """What stands in a resource, and in those inside it, in places that may point to a part."""
    level: list[tuple[Json, str]] = [(resource, str(resource.get("resourceType", "")))]
    while level:
        value, type_code = level.pop()
        known = structure(type_code).by_name if type_code else {}
        for name, member in value.items():
            element = known.get(name)
            for item in member if type(member) is list else (member,):
                if type(item) is str:
                    if item[:1] == "#" and (
                        name == "reference" or (element is not None and element.type in types)
                    ):
                        yield item
                elif type(item) is dict:
                    inside = str(item.get("resourceType", ""))
                    if inside:
                        level.append((item, inside if is_resource(inside) else ""))
                    elif element is not None:
                        level.append((item, element.type))
                    else:
                        level.append((item, "Element" if name[:1] == "_" else ""))


_POINTING = frozenset(("canonical", "uri", "url"))
_POINTING_BACK = frozenset(("canonical",))


@RESOURCES("dom-4", "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()")
def _dom_4(value: Json, resource: Json, root: Json) -> bool:
    return not any(
        has(inside["meta"], "versionId") or has(inside["meta"], "lastUpdated")
        for inside in value.get("contained", ())
        if "meta" in inside
    )


@RESOURCES("dom-5", "contained.meta.security.empty()")
def _dom_5(value: Json, resource: Json, root: Json) -> bool:
    return not any(
        "security" in inside["meta"] for inside in value.get("contained", ()) if "meta" in inside
    )


@RESOURCES("dom-6", "text.`div`.exists()")
def _dom_6(value: Json, resource: Json, root: Json) -> bool:
    text = value.get("text")
    return text is not None and has(text, "div")


_NAME = re.compile(r"[A-Z]([A-Za-z0-9_]){0,254}")


def _computable_name(value: Json, resource: Json, root: Json) -> bool:
    # FHIRPath's matches() looks for the pattern anywhere.
    name = value.get("name")
    return name is None or _NAME.search(name) is not None


_NAMED = (
    "adf cpb cid csd cpd cmd ees evd evi evv esc gdf ig lib mea msd inv nsd opd pdf que rsd red "
    "rvs spd sdf smp tcp tst vsd"
)
for _key in _NAMED.split():
    RESOURCES[f"{_key}-0", "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')"] = _computable_name


# --- Bundle --------------------------------------------------------------------------------------


@RESOURCES("bdl-1", "total.empty() or (type = 'searchset') or (type = 'history')")
def _bdl_1(value: Json, resource: Json, root: Json) -> bool:
    return not has(value, "total") or value.get("type", "history") in ("searchset", "history")


@RESOURCES("bdl-2", "entry.search.empty() or (type = 'searchset')")
def _bdl_2(value: Json, resource: Json, root: Json) -> bool:
    return value.get("type", "searchset") == "searchset" or not any(
        "search" in entry for entry in value.get("entry", ())
    )


def _each_entry_has(value: Json, member: str, types: tuple[str, ...]) -> bool:
    entries = value.get("entry", ())
    if "type" not in value:
        return not entries
    expected = value["type"] in types
    return all((member in entry) == expected for entry in entries)


@RESOURCES(
    "bdl-3",
    "entry.all(request.exists() = (%resource.type = 'batch' or %resource.type = 'transaction' "
    "or %resource.type = 'history'))",
)
def _bdl_3(value: Json, resource: Json, root: Json) -> bool:
    return _each_entry_has(value, "request", ("batch", "transaction", "history"))


@RESOURCES(
    "bdl-4",
    "entry.all(response.exists() = (%resource.type = 'batch-response' or "
    "%resource.type = 'transaction-response' or %resource.type = 'history'))",
)
def _bdl_4(value: Json, resource: Json, root: Json) -> bool:
    return _each_entry_has(value, "response", ("batch-response", "transaction-response", "history"))


@RESOURCES("bdl-5", "resource.exists() or request.exists() or response.exists()")
def _bdl_5(value: Json, resource: Json, root: Json) -> bool:
    return "resource" in value or "request" in value or "response" in value


@RESOURCES(
    "bdl-7",
    "(type = 'history') or "
    "entry.where(fullUrl.exists()).select(fullUrl&resource.meta.versionId).isDistinct()",
)
def _bdl_7(value: Json, resource: Json, root: Json) -> bool:
    if value.get("type", "history") == "history":
        return True
    seen = set()
    for entry in value.get("entry", ()):
        if has(entry, "fullUrl"):
            version = entry.get("resource", {}).get("meta", {}).get("versionId", "")
            name = f"{entry.get('fullUrl', '')}{version}"
            if name in seen:
                return False
            seen.add(name)
    return True


@RESOURCES("bdl-8", "fullUrl.contains('/_history/').not()")
def _bdl_8(value: Json, resource: Json, root: Json) -> bool:
    return "/_history/" not in value.get("fullUrl", "")


@RESOURCES(
    "bdl-9", "type = 'document' implies (identifier.system.exists() and identifier.value.exists())"
)
def _bdl_9(value: Json, resource: Json, root: Json) -> bool:
    if value.get("type") != "document":
        return True
    identifier = value.get("identifier", {})
    return has(identifier, "system") and has(identifier, "value")


@RESOURCES("bdl-10", "type = 'document' implies (timestamp.hasValue())")
def _bdl_10(value: Json, resource: Json, root: Json) -> bool:
    return value.get("type") != "document" or value.get("timestamp") is not None


def _first_is(value: Json, type_code: str) -> bool:
    """Whether the first entry holds a resource of a type, or none at all."""
    entries = value.get("entry")
    first: Any = entries[0].get("resource") if entries else None
    return first is None or first.get("resourceType") == type_code


@RESOURCES("bdl-11", "type = 'document' implies entry.first().resource.is(Composition)")
def _bdl_11(value: Json, resource: Json, root: Json) -> bool:
    return value.get("type") != "document" or _first_is(value, "Composition")


@RESOURCES("bdl-12", "type = 'message' implies entry.first().resource.is(MessageHeader)")
def _bdl_12(value: Json, resource: Json, root: Json) -> bool:
    return value.get("type") != "message" or _first_is(value, "MessageHeader")


# --- List, Parameters, AuditEvent, Consent -------------------------------------------------------


@RESOURCES("lst-1", "emptyReason.empty() or entry.empty()")
def _lst_1(value: Json, resource: Json, root: Json) -> bool:
    return "emptyReason" not in value or "entry" not in value


@RESOURCES("lst-2", "mode = 'changes' or entry.deleted.empty()")
def _lst_2(value: Json, resource: Json, root: Json) -> bool:
    return value.get("mode", "changes") == "changes" or not any(
        has(entry, "deleted") for entry in value.get("entry", ())
    )


@RESOURCES("lst-3", "mode = 'working' or entry.date.empty()")
def _lst_3(value: Json, resource: Json, root: Json) -> bool:
    return value.get("mode", "working") == "working" or not any(
        has(entry, "date") for entry in value.get("entry", ())
    )


@RESOURCES(
    "inv-1",
    "(part.exists() and value.empty() and resource.empty()) or "
    "(part.empty() and (value.exists() xor resource.exists()))",
)
def _parameters_inv_1(value: Json, resource: Json, root: Json) -> bool:
    return ("part" in value) + has_choice(value, "value") + ("resource" in value) == 1


@RESOURCES("sev-1", "name.empty() or query.empty()")
def _sev_1(value: Json, resource: Json, root: Json) -> bool:
    return not has(value, "name") or not has(value, "query")


@RESOURCES("ppc-1", "policy.exists() or policyRule.exists()")
def _ppc_1(value: Json, resource: Json, root: Json) -> bool:
    return "policy" in value or "policyRule" in value


# --- Those who take part -------------------------------------------------------------------------


@RESOURCES("org-1", "(identifier.count() + name.count()) > 0")
@RESOURCES("ipn-1", "(identifier.count() + name.count()) > 0")
def _org_1(value: Json, resource: Json, root: Json) -> bool:
    return "identifier" in value or has(value, "name")


@RESOURCES("org-2", "where(use = 'home').empty()")
@RESOURCES("org-3", "where(use = 'home').empty()")
def _org_2(value: Json, resource: Json, root: Json) -> bool:
    return value.get("use") != "home"


@RESOURCES(
    "pat-1", "name.exists() or telecom.exists() or address.exists() or organization.exists()"
)
def _pat_1(value: Json, resource: Json, root: Json) -> bool:
    return "name" in value or "telecom" in value or "address" in value or "organization" in value


# --- CapabilityStatement -------------------------------------------------------------------------


@RESOURCES("cpb-1", "rest.exists() or messaging.exists() or document.exists()")
def _cpb_1(value: Json, resource: Json, root: Json) -> bool:
    return "rest" in value or "messaging" in value or "document" in value


@RESOURCES("cpb-2", "(description.count() + software.count() + implementation.count()) > 0")
def _cpb_2(value: Json, resource: Json, root: Json) -> bool:
    return has(value, "description") or "software" in value or "implementation" in value


@RESOURCES("cpb-3", "messaging.endpoint.empty() or kind = 'instance'")
def _cpb_3(value: Json, resource: Json, root: Json) -> bool:
    return value.get("kind", "instance") == "instance" or not any(
        "endpoint" in messaging for messaging in value.get("messaging", ())
    )


@RESOURCES("cpb-14", "(kind != 'instance') or implementation.exists()")
def _cpb_14(value: Json, resource: Json, root: Json) -> bool:
    return value.get("kind") != "instance" or "implementation" in value


@RESOURCES(
    "cpb-15", "(kind != 'capability') or (implementation.exists().not() and software.exists())"
)
def _cpb_15(value: Json, resource: Json, root: Json) -> bool:
    return value.get("kind") != "capability" or (
        "implementation" not in value and "software" in value
    )


@RESOURCES(
    "cpb-16",
    "(kind!='requirements') or (implementation.exists().not() and software.exists().not())",
)
def _cpb_16(value: Json, resource: Json, root: Json) -> bool:
    return value.get("kind") != "requirements" or (
        "implementation" not in value and "software" not in value
    )


def _distinct(items: list[Json], *members: str) -> bool:
    """Whether no two items spell the same in some members, as ``select(a&b)`` joins them."""
    seen = [
        "".join(item.get(member, "") for member in members)
        for item in items
        if len(members) > 1 or members[0] in item
    ]
    return len(seen) == len(set(seen))


@RESOURCES("cpb-7", "document.select(profile&mode).isDistinct()")
def _cpb_7(value: Json, resource: Json, root: Json) -> bool:
    return _distinct(value.get("document", []), "profile", "mode")


@RESOURCES("cpb-9", "resource.select(type).isDistinct()")
def _cpb_9(value: Json, resource: Json, root: Json) -> bool:
    return _distinct(value.get("resource", []), "type")


@RESOURCES("cpb-12", "searchParam.select(name).isDistinct()")
def _cpb_12(value: Json, resource: Json, root: Json) -> bool:
    return _distinct(value.get("searchParam", []), "name")


# --- Questionnaire -------------------------------------------------------------------------------


@RESOURCES("que-7", "operator = 'exists' implies (answer is Boolean)")
def _que_7(value: Json, resource: Json, root: Json) -> bool:
    # To the letter, FHIR's boolean is no Boolean of the language; it is meant to be.
    return value.get("operator") != "exists" or has(value, "answerBoolean")
