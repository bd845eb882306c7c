"""CDA R2 documents: what their headers say, as plain values.

Octets or an element come in, a :class:`~gateway.codecs.cda.values.CdaHeader` goes out. What the
header means as XDS metadata is for :mod:`gateway.translators`; which codes a country wants is
profile data.
"""
