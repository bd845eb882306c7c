"""Peers to develop against: a registry and a repository in memory, a source, a consumer.

They speak as the standard asks, or wrongly in one chosen way, so that software meets a peer that is
late, cuts its answers short or sends another document before it meets one in earnest. Nothing is
kept when they stop; they listen on loopback addresses.

    memory     a registry's content, and what queries find in it
    doors      SOAP messages to answers
    http       a small server on asyncio
    faults     what a peer can do wrong
    peers      a source and a consumer, which call somebody else's server
"""
