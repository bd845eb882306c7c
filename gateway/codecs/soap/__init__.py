"""SOAP 1.2 with WS-Addressing, plain and as MTOM: octets to an envelope and back.

What stands in the Body is left to the codec of that language; this package gives it the element
and takes its octets. Its modules, in the order a message meets them:

    content_type  the Content-Type header, of the message and of each part
    mtom          a multipart message pushed in as it arrives, its documents streamed to sinks
    envelope      the envelope's structure; the octets of an answer
    addressing    the WS-Addressing headers, and the faults they can cause
    xop           which document stands in which part
    fault         what a peer is told when its message cannot be processed
"""
