"""Which roots and seals does a python-tuf client accept, that comes by again and remembers?

    tuf_updater.py CASES

CASES is a JSON list of cases; a case is a list of visits of one client; a visit is what the repository
shows: its files by name, Base64, and in `trusted` the root that the client was given. Prints one JSON
line: a list with the answers of each case, in order, `[root, snapshot]` or the refusal as text.
"""

import json
import logging
import sys
import tempfile
from base64 import b64decode

from tuf.api.exceptions import DownloadHTTPError, RepositoryError
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.config import EnvelopeType
from tuf.ngclient.fetcher import FetcherInterface


class Shown(FetcherInterface):
    """A repository without a network."""

    def __init__(self, files):
        self.files = files

    def _fetch(self, url):
        name = url.rsplit("/", 1)[1]
        if name not in self.files:
            raise DownloadHTTPError(f"{name} is not there", 404)
        yield b64decode(self.files[name])


def visit(memory, shown):
    try:
        updater = Updater(
            memory,
            "https://repository.example/",
            fetcher=Shown(shown["files"]),
            config=UpdaterConfig(envelope_type=EnvelopeType.SIMPLE),
            bootstrap=b64decode(shown["trusted"]),
        )
        updater.refresh()
    # A role that makes no sense is a `ValueError` where the payload is in DSSE.
    except (RepositoryError, DownloadHTTPError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    seen = updater._trusted_set
    return [seen.root.version, seen.snapshot.version]


def case(visits):
    with tempfile.TemporaryDirectory() as memory:
        return [visit(memory, shown) for shown in visits]


logging.disable()
with open(sys.argv[1], "rb") as file:
    print(json.dumps([case(visits) for visits in json.load(file)]))
