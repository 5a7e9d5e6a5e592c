//! Signing: signs envelopes with secret keys.

use super::envelope::Envelope;
use super::pae;
use super::secret::SecretKey;

/// Adds the signature of each key, replacing an existing one.
pub fn add(envelope: &mut Envelope, keys: &[&SecretKey]) {
    let message = envelope.message();
    for key in keys {
        envelope.add_signature(&key.public().id(), key.sign(&message));
    }
}

/// A payload signed by each key.
pub fn sign(payload_type: &str, payload: Vec<u8>, keys: &[&SecretKey]) -> Envelope {
    let message = pae::encode(payload_type, &payload);
    let signatures = keys.iter().map(|key| (key.public().id(), key.sign(&message))).collect();
    Envelope::new(payload_type, payload, signatures)
}
