"""The engines that only large indexes need, imported when they are asked for."""

import importlib
from types import ModuleType

from imgcheck.errors import MissingDependencyError

# Nothing is fetched and no code is loaded, whatever a file asks for.
DUCKDB_CONFIG = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}


def duckdb() -> ModuleType:
    """Give DuckDB, which writes and searches Parquet.

    Raises
    ------
    MissingDependencyError
        If it is not installed.
    """
    return _imported("duckdb", "DuckDB", "duckdb")


def chdb() -> ModuleType:
    """Give chDB, the engine of ClickHouse inside this process; raises as `duckdb`."""
    return _imported("chdb", "chDB", "clickhouse")


def _imported(module: str, name: str, extra: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"this needs {name}, which is not installed: pip install 'imgcheck[{extra}]'"
        ) from error
