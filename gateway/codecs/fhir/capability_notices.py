"""What the CapabilityStatement says of notices and subscriptions.

Source:
    IHE DSUBm 1.0: CapabilityStatement of the Resource Notification Broker; HL7 Subscriptions R5
    Backport 1.1: how R4 servers tell their topics.
"""

from __future__ import annotations

from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.subscription import BACKPORT, DSUBM, PROFILE, canonical
from gateway.model.subscription import TOPICS

BROKER = DSUBM + "CapabilityStatement/IHE.DSUBm.ResourceNotificationBroker"
_TOPIC = BACKPORT + "capabilitystatement-subscriptiontopic-canonical"
_STATUS = (
    "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status"
)
_FIXED: Json = {
    "updateCreate": False,
    "conditionalCreate": False,
    "conditionalRead": "not-match",
    "conditionalUpdate": False,
    "conditionalDelete": "not-supported",
}
_SEARCHED = {
    "_id": ("token", "The id of the Subscription."),
    "criteria": ("string", "Its topic."),
    "filter-criteria": ("string", "How its filter begins."),
    "payload": ("token", "The form of its notifications."),
    "status": ("token", "requested, active, error or off."),
    "topic": ("uri", "Its topic."),
    "type": ("token", "rest-hook."),
    "url": ("uri", "Its endpoint."),
}
_TOPICS_SEARCHED = {
    "_id": ("token", "The id of the topic."),
    "code": ("token", "SubscriptionTopic."),
    "derived-or-self": ("uri", "The topic's address."),
    "resource": ("uri", "The type or profile it is about."),
    "status": ("token", "active."),
    "url": ("uri", "The topic's address."),
}
_INBOX_SEARCHED = {
    "category": ("token", "Why: first-access, emergency-access, new-document, …"),
    "recipient.identifier": ("token", "Whom it is for; one's own are found without it."),
    "sent": ("date", "When it was made."),
}


def write_inbox_capability() -> Json:
    """Give what can be done with Communication."""
    return {
        "type": "Communication",
        "documentation": "Notices, each to the one it is for: first and emergency accesses, new "
        "documents, changed choices, deadlines.",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        **_FIXED,
        "searchParam": _parameters(_INBOX_SEARCHED),
    }


def write_subscription_capability() -> list[Json]:
    """Give what can be done with Subscription and with the topics."""
    topics = [{"url": _TOPIC, "valueCanonical": canonical(topic.name)} for topic in TOPICS]
    return [
        {
            "type": "Basic",
            "documentation": "The topics that can be subscribed to [ITI-114].",
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            "versioning": "no-version",
            **_FIXED,
            "searchParam": _parameters(_TOPICS_SEARCHED),
        },
        {
            "extension": topics,
            "type": "Subscription",
            "supportedProfile": [PROFILE],
            "documentation": "Told over rest-hook [ITI-112] of what the subscriber may see at that "
            "moment; only the subscriber finds a subscription.",
            "interaction": [
                {"code": "read"},
                {"code": "search-type", "documentation": "Resource Subscription Search [ITI-113]."},
                {"code": "create", "documentation": "Resource Subscription [ITI-110]."},
                {
                    "code": "update",
                    "documentation": "Cancel it (off), or request one again that ended [ITI-110].",
                },
            ],
            "versioning": "versioned-update",
            "readHistory": False,
            **_FIXED,
            "searchParam": _parameters(_SEARCHED),
            "operation": [{"name": "status", "definition": _STATUS}],
        },
    ]


def _parameters(table: dict[str, tuple[str, str]]) -> list[Json]:
    return [
        {"name": name, "type": kind, "documentation": said}
        for name, (kind, said) in sorted(table.items())
    ]
