"""What every test may use."""

import os

# Two cores: each xdist worker keeps to one thread, or they fight.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("FEAST_USAGE", "False")
