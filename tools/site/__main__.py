"""`python tools/site`, which run.py starts."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from tools.site.book import main  # noqa: E402  (the root has to be found first)

if __name__ == "__main__":  # and not the processes that record the labs
    sys.exit(main())
