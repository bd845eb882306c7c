"""Telling people and systems what happened: notices, and subscriptions of FHIR clients.

A notice is kept in the transaction of what it tells of and delivered afterwards, at least once, by
one task of the server. What a recipient may know is looked at when it is delivered.
"""
