"""The store and the limits of this installation (`docs/settings.md`)."""

from pathlib import Path
from typing import cast

from flask import Flask, current_app

from app import startup
from app.clock import now
from app.files.rules import MEGABYTE
from app.files.s3 import Place, S3Store
from app.files.stores import FolderStore, Store

EXTENSION = "yujian_file_store"
FOLDER = "folder"


def init_app(app: Flask) -> None:
    """Open the store that the settings name. Raises SystemExit where they name none."""
    named = str(app.config["FILE_STORE"])
    if named == FOLDER:
        app.extensions[EXTENSION] = FolderStore(Path(app.instance_path) / "files")
        return
    try:
        app.extensions[EXTENSION] = S3Store(Place.parse(named), now)
    except ValueError as error:
        # The value holds a secret, so it is not repeated.
        startup.refuse(
            f"设置 YUJIAN_FILE_STORE 须为 {FOLDER} 或 s3://KEY:SECRET@host/bucket，请看：{error}",
            f"The setting YUJIAN_FILE_STORE must be {FOLDER} or s3://KEY:SECRET@host/bucket; look at: {error}",
        )


def store() -> Store:
    """Where the bytes lie."""
    return cast(Store, current_app.extensions[EXTENSION])


def most_bytes() -> int:
    """How large one upload may be, all its files together."""
    return int(current_app.config["FILE_MAX_MB"]) * MEGABYTE


def quota() -> int:
    """How many bytes an organisation may keep."""
    return int(current_app.config["FILE_QUOTA_MB"]) * MEGABYTE
