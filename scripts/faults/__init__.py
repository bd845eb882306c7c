"""Messages that are right, and for every rule one that breaks it: ``samples/conformance/xds``.

    python -m scripts.faults

bases       the right ones, written by the codecs
french      for each rule of the French record, a change of a submission's values
standard    for each rule of the standards, replacements in a message's text (mutations.toml)
signing     a key that is the same on every machine, so that assertions come out the same
"""
