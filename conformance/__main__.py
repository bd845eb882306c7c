"""``python -m conformance``: the command where its script is not installed."""

import sys

from conformance.cli import main

sys.exit(main())
