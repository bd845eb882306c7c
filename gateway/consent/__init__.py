"""Who may do what with a record, and which of its documents are there for them.

Pure: values in, decisions out, the moment given. ``gate`` is the record gate; ``narrow`` turns the
document gate into the condition that every query of the registry gets; ``decide`` is the document
gate on one document, by the same value.
"""

from __future__ import annotations

from gateway.consent.document_gate import is_visible, see, seeing

__all__ = ["is_visible", "see", "seeing"]
