"""FHIR R4 as JSON: MHD resources, bundles and searches to values and back.

Octets or parsed JSON come in and go out; rules, storage, time and the web framework stay outside.
What MHD has no place for travels in extensions of our own, listed in
:mod:`gateway.codecs.fhir.vocabulary`, so that a DocumentEntry comes back from FHIR as it went.
"""
