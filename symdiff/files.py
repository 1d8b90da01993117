"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file, whole or not at all; one that is there is replaced, and keeps its permissions.

    Raises:
        IsADirectoryError: the path is that of a directory.
        OSError: it cannot be written.
    """
    place = Path(os.path.realpath(os.fsdecode(path)))
    if place.is_dir():
        raise IsADirectoryError(f"{os.fsdecode(path)!r} is a directory; give the name of a file, as model.py")
    if not place.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {str(place.parent)!r}")
    if place.exists() and not place.is_file():  # a device or a pipe
        place.write_bytes(content)
        return
    new = place.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with new.open("xb") as file:
            file.write(content)
        if place.exists():
            new.chmod(place.stat().st_mode & 0o7777)
        new.replace(place)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
