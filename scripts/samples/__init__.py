"""Write the demonstration record: self-written CDA documents about invented people.

``python -m scripts.samples`` writes ``samples/cda/*.xml``, always the same octets. What is in a
document stands in :mod:`scripts.samples.french` and :mod:`scripts.samples.plain`; who the people
are in :mod:`scripts.samples.people`; the other modules only know how CDA is spelled.
"""
