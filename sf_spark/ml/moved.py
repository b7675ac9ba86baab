"""Update the artifact paths of a SQLite store that was moved or copied with its artifacts.

MLflow stores the full path of every artifact. After a move it would still read and write at the old path:

    store                artifacts, as recorded          artifacts beside it    what happens
    /old/mlflow.db       /old/mlruns                     /old/mlruns            nothing
    /new/mlflow.db       /old/mlruns                     /new/mlruns            /new/mlruns is recorded
    /new/mlflow.db       /old/mlruns, which is gone      none yet               /new/mlruns is recorded
    /new/mlflow.db       /data/mlruns, which exists      none                   nothing: a separate folder on purpose
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

_PLACES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "storage_location"),
    ("model_versions", "source"),
)
_DEFAULT = "SELECT artifact_location FROM experiments WHERE experiment_id = 0"


def follow_move(store: Path, artifacts: Path) -> bool:
    """Record where the artifacts of a store are now, in one transaction; return whether they had moved.

    Args:
        store: The SQLite file. No other process may open it meanwhile.
        artifacts: The folder beside it, as an absolute path.
    """
    with closing(sqlite3.connect(store)) as connection:
        recorded = connection.execute(_DEFAULT).fetchone()
        before = _root(recorded[0]) if recorded else None
        if before is None or before == artifacts or (before.is_dir() and not artifacts.is_dir()):
            return False
        old, new = recorded[0].removesuffix("/0"), artifacts.as_uri()
        with connection:
            for table, column in _PLACES:
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                    f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                    (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
                )
    return True


def _root(location: str) -> Path | None:
    """The artifact folder of the first experiment of a store; None for a store that we did not create."""
    uri = urlsplit(location)
    path = Path(unquote(uri.path))
    return path.parent if uri.scheme == "file" and path.name == "0" and path.parent.name == "mlruns" else None


if __name__ == "__main__":  # run before MLflow's UI opens a store
    store = Path(sys.argv[1]).resolve()
    if store.is_file():
        follow_move(store, store.parent / "mlruns")
