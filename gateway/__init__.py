"""A FHIR / IHE-XDS interoperability gateway for a national shared medical record."""

__version__ = "0.1.0"
