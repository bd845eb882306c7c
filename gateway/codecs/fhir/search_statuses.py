"""A community's conventions as its searches need them."""

from __future__ import annotations

from gateway.codecs.fhir.list import LIST_STATUS_OF
from gateway.codecs.fhir.search_parameters import SearchRules
from gateway.codecs.fhir.vocabulary import STATUS_OF
from gateway.model.conventions import Conventions

_MORE_OF_LISTS = {"retired": ("superseded",)}
"""MHD's word beside FHIR's for a List that is in force no more."""


def search_rules(conventions: Conventions, home_community_id: str = "") -> SearchRules:
    """Give what a community's searches do in their own way.

    A further status is found under the code it is shown with, and by a parameter of its own, where
    it has one. What is withdrawn is in no table: it is found by nothing. Lists never have a
    further status.
    """
    named = [s for s in conventions.statuses.further if s.parameter]
    no = {s.parameter: ("false",) for s in named}
    documents = {urn: {"status": (code,), **no} for urn, code in STATUS_OF.items()}
    for status in conventions.statuses.further:
        if not status.withdrawn:
            yes = {status.parameter: ("true",)} if status.parameter else {}
            documents[status.urn] = {"status": (status.code,), **no, **yes}
    return SearchRules(
        document_statuses=documents,
        list_statuses={
            urn: {"status": (code, *_MORE_OF_LISTS.get(code, ())), **no}
            for urn, code in LIST_STATUS_OF.items()
        },
        definitions={s.parameter: s.definition for s in named},
        document_date=conventions.date,
        home_community_id=home_community_id,
    )
