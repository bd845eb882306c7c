"""The conformance suite: judges any XDS.b or MHD server from outside, ours included.

It is a stranger to the server: it may read wire forms and rules (``gateway.codecs``,
``validation``, ``consent``, ``profile``, ``translators``), never actors, storage, web or service.
So far the package only holds this place, and the import contract that guards it.
"""
