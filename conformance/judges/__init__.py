"""One judge for each kind of payload: octets in, a judgement out."""
