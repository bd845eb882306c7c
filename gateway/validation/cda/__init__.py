"""Clinical documents (HL7 CDA R2) judged by schema and Schematron.

Octets come in, issues go out. Rule sets are compiled by our own compiler and run by Saxon in a
process of its own; which rule sets a document is judged by is the caller's matter.
"""

from gateway.validation.cda.catalogue import CatalogueFault, Schematron
from gateway.validation.cda.document import CdaDocument
from gateway.validation.cda.saxon import Saxon
from gateway.validation.cda.validator import CdaJudgement, CdaValidator, unreadable

__all__ = [
    "CatalogueFault",
    "CdaDocument",
    "CdaJudgement",
    "CdaValidator",
    "Saxon",
    "Schematron",
    "unreadable",
]
