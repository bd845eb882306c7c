"""HL7 v2: the ADT messages of the Patient Identity Feed [ITI-8] and their acknowledgements."""

from gateway.codecs.hl7v2.ack import (
    Acknowledgement,
    acknowledgement_code,
    read_ack,
    write_ack,
)
from gateway.codecs.hl7v2.adt import Header, Message, read_adt, write_adt

__all__ = [
    "Acknowledgement",
    "Header",
    "Message",
    "acknowledgement_code",
    "read_ack",
    "read_adt",
    "write_ack",
    "write_adt",
]
