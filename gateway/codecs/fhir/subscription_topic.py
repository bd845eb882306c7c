"""SubscriptionTopic: what can be subscribed to, as R4 carries it: a Basic with extensions of R5.

Source:
    IHE DSUBm 1.0: ITI-114; HL7 FHIR R5: SubscriptionTopic, and its cross-version extensions.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.subscription import canonical, topic_of
from gateway.codecs.fhir.vocabulary import PROFILE
from gateway.model.subscription import Focus, Topic

R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
FHIR_TYPES = "http://hl7.org/fhir/fhir-types"
CODE = "SubscriptionTopic"

RESOURCES = {
    Focus.DOCUMENT_ENTRY: PROFILE + "IHE.MHD.Minimal.DocumentReference",
    Focus.SUBMISSION_SET: PROFILE + "IHE.MHD.Minimal.SubmissionSet",
}
PARAMETERS = ("_id", "code", "derived-or-self", "resource", "status", "url")


def write_topic(topic: Topic) -> bytes:
    """Write one topic."""
    about = RESOURCES[topic.focus]

    def part(url: str, **value: object) -> Json:
        return {"url": url, **value}

    trigger = {
        "url": R5 + "resourceTrigger",
        "extension": [
            part("description", valueMarkdown=f"{topic.title}: it was created."),
            part("resource", valueUri=about),
            part("supportedInteraction", valueCode="create"),
        ],
    }
    filters = [
        {
            "url": R5 + "canFilterBy",
            "extension": [
                part("resource", valueUri=about),
                part("filterParameter", valueString=name),
            ],
        }
        for name in topic.filters
    ]
    shape = {
        "url": R5 + "notificationShape",
        "extension": [part("resource", valueUri=about)],
    }
    return orjson.dumps(
        {
            "resourceType": "Basic",
            "id": topic.name,
            "extension": [
                part(R5 + "url", valueUri=canonical(topic.name)),
                part(R5 + "title", valueString=topic.title),
                part(R5 + "status", valueCode="active"),
                trigger,
                *filters,
                shape,
            ],
            "code": {"coding": [{"system": FHIR_TYPES, "code": CODE}]},
        }
    )


def topic_matches(topic: Topic, asked: Sequence[tuple[str, str]]) -> bool:
    """Whether a search for topics finds this one; the values of a parameter between commas."""
    for name, text in asked:
        values = text.split(",")
        if name == "_id":
            found = topic.name in values
        elif name == "code":
            found = any(value in (CODE, f"{FHIR_TYPES}|{CODE}", f"|{CODE}") for value in values)
        elif name in ("url", "derived-or-self"):
            found = any(topic_of(value) == topic for value in values)
        elif name == "status":
            found = any(value.rpartition("|")[2] == "active" for value in values)
        else:
            about = RESOURCES[topic.focus]
            kind = "DocumentReference" if topic.focus is Focus.DOCUMENT_ENTRY else "List"
            base = f"http://hl7.org/fhir/StructureDefinition/{kind}"
            found = any(value in (about, base, kind) for value in values)
        if not found:
            return False
    return True
