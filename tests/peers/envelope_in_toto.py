"""Does in-toto load the envelope in a manifest, and does the signature hold for it?

    envelope_in_toto.py MANIFEST PUBLIC_KEY
"""

import json
import sys

from cryptography.hazmat.primitives.serialization import load_pem_public_key
from in_toto.exceptions import SignatureVerificationError
from in_toto.models.metadata import Envelope, Metadata
from securesystemslib.signer import SSlibKey

manifest, public_key = sys.argv[1:]
with open(manifest, "rb") as file:
    dsse = json.load(file)["dsseEnvelope"]
with open(public_key, "rb") as file:
    pem = load_pem_public_key(file.read())
keyid = dsse["signatures"][0]["keyid"]
key = {"keyid": keyid, **SSlibKey.from_crypto(pem, keyid).to_dict()}

envelope = Metadata.from_dict(dsse)
if not isinstance(envelope, Envelope):
    sys.exit(f"in-toto: takes the manifest for a {type(envelope).__name__}")
envelope.verify_signature(key)
# `get_payload` is not asked: this library reads links and layouts, not statements.

envelope.payload = envelope.payload.replace(b"sha384", b"sha385", 1)
try:
    envelope.verify_signature(key)
except SignatureVerificationError:
    pass
else:
    sys.exit("in-toto: accepts another payload too, so its yes means nothing")
