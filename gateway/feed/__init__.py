"""The HL7 v2 feed: a door beside the web, for messages over MLLP."""
