"""Does securesystemslib accept the envelope in a manifest, and refuse it with a byte changed?

    dsse_securesystemslib.py MANIFEST PUBLIC_KEY
"""

import json
import sys
from base64 import b64encode

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key, ssh_key_fingerprint
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

manifest, public_key = sys.argv[1:]
with open(public_key, "rb") as file:
    pem = load_pem_public_key(file.read())
keyid = "SHA256:" + b64encode(ssh_key_fingerprint(pem, SHA256())).decode().rstrip("=")
key = SSlibKey.from_crypto(pem, keyid)
if key.scheme != "ecdsa-sha2-nistp384":
    sys.exit(f"securesystemslib: the key's scheme is {key.scheme}")

with open(manifest, "rb") as file:
    envelope = Envelope.from_dict(json.load(file)["dsseEnvelope"])
if list(envelope.signatures) != [keyid]:
    sys.exit(f"securesystemslib: signed by {list(envelope.signatures)}, not by {keyid}")
envelope.verify([key], 1)

envelope.payload = envelope.payload.replace(b"sha384", b"sha385", 1)
try:
    envelope.verify([key], 1)
except VerificationError:
    pass
else:
    sys.exit("securesystemslib: accepts another payload too, so its yes means nothing")
