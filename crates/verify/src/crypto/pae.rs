//! PAE: the bytes that a DSSE signature covers.

/// `PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body`
///
/// `SP` is one space and `LEN` the ASCII decimal byte length, from the DSSE v1.0 protocol.
///
/// ```
/// use countersign_verify::crypto::pae::encode;
/// assert_eq!(encode("http://example.com/HelloWorld", b"hello world"),
///     b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
/// ```
pub fn encode(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), body.len());
    [head.as_bytes(), body].concat()
}
