"""Many pictures: each verified or inspected once, in processes apart, and resumable."""

from imgcheck.batch.indexing import add_in_processes
from imgcheck.batch.jobs import Job, Settings, Source, read_source
from imgcheck.batch.results import write_results
from imgcheck.batch.running import run

__all__ = ["Job", "Settings", "Source", "add_in_processes", "read_source", "run", "write_results"]
