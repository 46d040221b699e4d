"""The command line. What a process that runs one command is better off with is set here, before
anything else is imported."""

import gc
import os

# most commands end before they have garbage worth looking for
gc.set_threshold(100_000, 20, 100)

# no command multiplies matrices of a size that threads would help with, and they take CPU from the
# moment on that they exist: where numpy is imported
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
