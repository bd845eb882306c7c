"""The conformance suite: judges payloads and live servers from outside.

It reads wire forms and rules as the gateway does (codecs, validation, profiles) and never meets the
server it judges.
"""
