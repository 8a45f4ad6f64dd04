"""Property tests hunt with fresh examples by default, and repeat the same ones where CI is set.

None of them has a deadline: a busy machine is no failure.
"""

import os

from hypothesis import settings

settings.register_profile("fresh", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "fresh")
