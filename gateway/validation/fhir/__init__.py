"""FHIR R4 resources against profiles: all that is wrong, each with its element and rule.

:class:`Definitions` holds packages, :class:`Validator` judges resources with them.
"""

from gateway.validation.fhir.content_rules import Manner
from gateway.validation.fhir.definitions import Definitions
from gateway.validation.fhir.packages import CORE, PackageError
from gateway.validation.fhir.rules import rules
from gateway.validation.fhir.validator import Validator

__all__ = ["CORE", "Definitions", "Manner", "PackageError", "Validator", "rules"]
