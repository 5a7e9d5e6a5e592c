"""Is the signed payload a valid Statement v1 to in-toto-attestation, with nothing lost on the way?

    statement_in_toto_attestation.py MANIFEST ARTIFACT
"""

import hashlib
import json
import sys
from base64 import b64decode
from pathlib import Path

from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

manifest, artifact = map(Path, sys.argv[1:])
payload = b64decode(json.loads(manifest.read_bytes())["dsseEnvelope"]["payload"], validate=True)

# `Parse` refuses fields that a statement does not have, and names that come twice.
message = json_format.Parse(payload, statement_pb2.Statement())
Statement.copy_from_pb(message).validate()

if message.predicate_type != "urn:countersign:signing-job:v1":
    sys.exit(f"in-toto-attestation: the predicate type is {message.predicate_type}")
(subject,) = message.subject
content = artifact.read_bytes()
digests = {name: hashlib.new(name, content).hexdigest() for name in ("sha256", "sha384")}
if (subject.name, dict(subject.digest)) != (artifact.name, digests):
    sys.exit(f"in-toto-attestation: the subject is {subject}, not {artifact.name} {digests}")

# Protobuf keeps numbers as doubles: one that does not come back is too large for other readers.
if json_format.MessageToDict(message) != json.loads(payload):
    sys.exit("in-toto-attestation: reads something else than what the JSON says")
