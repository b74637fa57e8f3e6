"""What the processes of the tests do instead of a picture's work."""

import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

from imgcheck.batch.jobs import Job, Settings


def unsteady(job: Job, settings: Settings, pipe: Connection) -> None:
    """End by signal the first time, for ever if named poison; hang if named slow."""
    tried = Path(settings.output) / f"{job.name}.tried"
    first = not tried.exists()
    tried.touch()
    if first or "poison" in job.name:
        os.kill(os.getpid(), signal.SIGKILL)
    if "slow" in job.name:
        time.sleep(60)
    pipe.send({"path": job.name, "sha256": None, "state": "done"})
