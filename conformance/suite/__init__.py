"""Suites as folders: what is tested, which requirement a test is for, and which no test covers.

A suite is data: ``suite.toml``, tests in ``tests/*.toml``, messages in ``requests/``. This package
reads it into values and fills messages in; it sends nothing. Its modules:

    values        a suite, its tests, their steps
    reading       folders to values; a fault names file and line
    words         ``${…}`` in texts and messages
    edits         small changes to a message: the one thing a negative test breaks
    requirements  what standards ask, and which test covers it
"""
