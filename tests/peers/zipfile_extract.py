"""What does Python's zipfile see in a package, and does it extract it?

    zipfile_extract.py ARCHIVE FOLDER

Prints `MODE SIZE NAME` for each entry, and extracts them all into FOLDER.
"""

import stat
import sys
import zipfile

archive, folder = sys.argv[1:]
with zipfile.ZipFile(archive) as package:
    if damaged := package.testzip():
        sys.exit(f"zipfile: {damaged} is damaged")
    for entry in package.infolist():
        mode = entry.external_attr >> 16
        if stat.S_ISLNK(mode):
            mode = stat.S_IFLNK  # a link's own permissions mean nothing
        print(f"{mode:o} {entry.file_size} {entry.filename}")
    package.extractall(folder)
