"""``python -m gateway.cli``: the ``gateway`` command where its script is not installed."""

from gateway.cli import main

main()
