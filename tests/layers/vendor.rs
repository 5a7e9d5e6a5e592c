//! A vendor's ZIPs, which other tools made.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

/// Where AWS Signer puts its signature in a ZIP that it signs for Lambda.
pub const AWS_SIGNATURE: &str = "META_INF/aws_signer_signature_v1.0.SF";

/// A ZIP of these files, as the `zip` crate writes it: not as we do.
pub fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default().unix_permissions(0o644)).expect("a file");
        writer.write_all(content.as_bytes()).expect("written");
    }
    writer.finish().expect("a ZIP").into_inner()
}

/// A layer without any signature.
pub fn unsigned() -> Vec<u8> {
    zip(&[("python/vendor/__init__.py", "print('vendor')\n")])
}

/// A layer that carries signatures inside: of `jarsigner`'s kind, and where AWS Signer puts its own.
pub fn signed_inside() -> Vec<u8> {
    zip(&[
        ("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\n\r\nName: a.jar\r\nSHA-256-Digest: AAAA\r\n\r\n"),
        ("META-INF/VENDOR.SF", "Signature-Version: 1.0\r\n\r\n"),
        ("META-INF/VENDOR.EC", "not ours to read"),
        (AWS_SIGNATURE, "not ours to read"),
        ("python/vendor/__init__.py", "print('vendor')\n"),
    ])
}
