"""Who is asking: a credential comes in, an :class:`~gateway.model.subject.AccessRequest` goes out.

Nothing here decides what somebody may do. A credential is verified, wholly, before one word of it
is believed; what its words mean is the profile's (:mod:`gateway.profile.identity`), whom to trust
is the operator's (:mod:`gateway.security.trust`). In the order a credential meets them:

    peer            the connection: address and client certificate
    authenticator   both doors, and the verdicts that are remembered
    saml            assertions: the one legal place, the signature, the period, the attributes
    tokens          bearer tokens: signed ones, and opaque ones by introspection
    subjects        the words of either to somebody who asks
    scopes          which operations a token's scopes cover
    authority       the development authority, which issues both for demonstration people
"""
