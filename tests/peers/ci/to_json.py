"""The documents of a YAML file as a list, in JSON.

    to_json.py FILE
"""

import json
import sys
from pathlib import Path

import yaml

# YAML 1.1 reads `on` as a truth; a key stays the word that it is.
documents = yaml.load_all(Path(sys.argv[1]).read_text(), Loader=yaml.BaseLoader)
json.dump(list(documents), sys.stdout)
