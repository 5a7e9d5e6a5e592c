"""Extracts every archive of a folder with Python's zipfile.

    zipfile_all.py ZIPS OUT

Archive ZIPS/NAME.zip goes to OUT/NAME; a failure is told in OUT/NAME.error.
"""

import sys
import zipfile
from pathlib import Path

zips, out = map(Path, sys.argv[1:])
for archive in sorted(zips.glob("*.zip")):
    folder = out / archive.stem
    folder.mkdir()
    try:
        with zipfile.ZipFile(archive) as package:
            package.extractall(folder)
    except Exception as error:
        (out / f"{archive.stem}.error").write_text(f"{type(error).__name__}: {error}")
