"""Bytes or elements to values and back; no rules, no storage, no clock.

Each package below knows one wire form and none of the others: what joins two of them goes through
the model. XML enters through :mod:`gateway.codecs.xml` and nowhere else.
"""
