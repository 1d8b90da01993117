"""Write files completely or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def destination(path: str | os.PathLike[str]) -> Path:
    """Return the file of a path, with links resolved.

    Raises:
        IsADirectoryError: The path is a directory.
        FileNotFoundError: The directory of the file does not exist.
    """
    place = Path(os.path.realpath(os.fsdecode(path)))
    if place.is_dir():
        raise IsADirectoryError(f"{os.fsdecode(path)!r} is a directory; give the name of a file")
    if not place.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {str(place.parent)!r}")
    return place


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file completely or not at all. An existing file is replaced and keeps its permissions.

    Raises:
        OSError: The path is not valid, as in `destination`, or the file cannot be written.
    """
    place = destination(path)
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
