"""`python -m symdiff`, the same as the command `symdiff`."""

import sys

from symdiff.cli import main

sys.exit(main())
