"""ebRIM 3.0 as XDS uses it: registry objects, submissions, stored queries and their answers.

Readers take elements that :mod:`gateway.codecs.xml` let in and give values of the model, together
with a finding for everything a value cannot carry. Writers give octets. What a value must hold to
be acceptable is for :mod:`gateway.validation` to say.

Source:
    IHE ITI TF-3: 4.2.1 to 4.2.3 (revision 17); OASIS ebRIM and ebRS 3.0.
"""
