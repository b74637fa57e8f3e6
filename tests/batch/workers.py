"""What the processes of the tests do instead of a picture's work."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from imgcheck.batch.jobs import Job, Settings

_done: list[str] = []


def unsteady(job: Job, settings: Settings) -> dict[str, Any]:
    """End by signal the first time, for ever if named poison; hang if named slow."""
    tried = Path(settings.output) / f"{job.name}.tried"
    first = not tried.exists()
    tried.touch()
    if "good" not in job.name and (first or "poison" in job.name):
        os.kill(os.getpid(), signal.SIGKILL)
    if "slow" in job.name:
        time.sleep(60)
    _done.append(job.name)
    said = {"process": os.getpid(), "before": len(_done) - 1}
    return {"path": job.name, "sha256": None, "state": "done", **said}
