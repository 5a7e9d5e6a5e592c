//! Secrets: files that nobody means to sign and deploy.
//!
//! | refused, unless `allow_secrets` names the path | found by |
//! |---|---|
//! | private keys in PEM (RFC 7468, OpenSSH, OpenPGP) and of PuTTY, also in other text | the first bytes of the file |
//! | `id_rsa`, `id_ecdsa`, … and `.ssh/id_*`, except `*.pub` | name |
//! | `.aws/credentials`; the CSV file of an access key | name; first bytes |
//! | `.npmrc`, `.netrc`, `.pypirc` with a token or a password | name and content |
//!
//! A key counts if base64 follows its first line, so a program or a text about keys does not. Files that often
//! have secrets, such as `.env`, are packaged with a warning. Clutter of the machine (`.DS_Store`,
//! `__pycache__`) is left out, if git does not track it.

use memchr::memmem;

use crate::limits::{SECRET_HEAD_BYTES, SECRET_PEM_BYTES};

/// Base64 that follows the first line of a key, in characters: an Ed25519 key has 64.
const KEY_CHARS: usize = 40;

/// What a path is, if its name alone refuses it.
pub fn of_name(path: &str) -> Option<&'static str> {
    let path = path.to_ascii_lowercase();
    let (folder, name) = split(&path);
    let is_key = name.starts_with("id_") && !name.ends_with(".pub");
    let is_known_key = ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"];
    match (folder, name) {
        (".ssh", _) if is_key => Some("an SSH key"),
        _ if is_known_key.contains(&name) => Some("an SSH key"),
        (".aws", "credentials") => Some("a file of AWS credentials"),
        _ => None,
    }
}

/// Whether the content of a file with this name decides.
pub fn is_by_content(path: &str) -> bool {
    matches!(split(&path.to_ascii_lowercase()).1, ".npmrc" | "_netrc" | ".netrc" | ".pypirc")
}

/// What the bytes of a file with this name are, if they are a secret.
pub fn of_content(path: &str, bytes: &[u8]) -> Option<&'static str> {
    if let Some(found) = of_bytes(bytes) {
        return Some(found);
    }
    if !is_by_content(path) {
        return None;
    }
    let text = String::from_utf8_lossy(bytes.get(..SECRET_PEM_BYTES).unwrap_or(bytes));
    let has_value = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let value = value.trim().trim_matches('"');
        let key = key.trim().rsplit(':').next()?;
        let is_secret = matches!(key, "_authToken" | "_auth" | "_password" | "password");
        // A variable is filled in on each machine.
        (is_secret && !value.is_empty() && !value.starts_with('$')).then_some(())
    };
    let mut words = text.split_whitespace();
    let found = match split(path).1 {
        ".netrc" | "_netrc" => words.any(|word| word == "password"),
        _ => text.lines().any(|line| has_value(line).is_some()),
    };
    found.then_some("a file with a token or a password")
}

/// What bytes are, under any name, if they are a secret. Looks at the head of the file only; at more of a file
/// that begins with PEM, since certificates can come before the key.
pub fn of_bytes(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"PuTTY-User-Key-File-") {
        return Some("a private key");
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if text.starts_with(b"Access key ID,Secret access key") {
        return Some("an AWS access key");
    }
    let limit = if text.starts_with(b"-----BEGIN ") { SECRET_PEM_BYTES } else { SECRET_HEAD_BYTES };
    let head = text.get(..limit).unwrap_or(text);
    let is_key = |at: usize| begins_key(&text[at + b"-----BEGIN ".len()..]);
    memmem::find_iter(head, b"-----BEGIN ").any(is_key).then_some("a private key")
}

/// Whether a private key follows `-----BEGIN `: its label, the end of the line, headers, and base64. In a string
/// of JSON or of code, `\n` is the end of a line.
fn begins_key(text: &[u8]) -> bool {
    let Some(end) = memmem::find(text.get(..64).unwrap_or(text), b"-----") else { return false };
    let label = &text[..end];
    if !(label.ends_with(b"PRIVATE KEY") || label == b"PGP PRIVATE KEY BLOCK") {
        return false;
    }
    let after = &text[end + 5..];
    let mut rest = after.get(..SECRET_HEAD_BYTES).unwrap_or(after);
    for _ in 0..8 {
        // Line breaks can be lost or escaped, also twice: keys in such a form are read too.
        let breaks = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\\';
        let start = rest.iter().position(|byte| !breaks(byte)).unwrap_or(rest.len());
        let escapes = rest[..start].ends_with(b"\\") && rest[start..].starts_with(b"n");
        rest = &rest[start + usize::from(escapes)..];
        let is_base64 = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        if rest.iter().take_while(is_base64).take(KEY_CHARS).count() == KEY_CHARS {
            return true;
        }
        // A header, such as `Proc-Type: 4,ENCRYPTED`, or an empty line.
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\\')).unwrap_or(rest.len());
        rest = &rest[end..];
    }
    false
}

/// Whether a file with this name often has secrets.
pub fn is_likely(path: &str) -> bool {
    let (folder, name) = split(path);
    let example = ["example", "sample", "template", "dist", "defaults", "schema"];
    if let Some(rest) = name.strip_prefix(".env") {
        return rest.is_empty()
            || rest.starts_with('.') && !example.iter().any(|word| rest.ends_with(&word[..]));
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    path.split('/').any(|part| part == ".terraform")
        || matches!(name, ".git-credentials" | ".htpasswd")
        || matches!((folder, name), (".docker", "config.json") | (".kube", "config"))
        || name.ends_with(".tfstate.backup")
        || matches!(
            ending,
            "tfstate" | "sqlite" | "sqlite3" | "db" | "db3" | "kdbx" | "p12" | "pfx" | "jks" | "keystore"
        )
}

/// The file or folder of clutter that a path is or is in, if it is.
pub fn clutter_of(path: &str) -> Option<&str> {
    let mut end = 0;
    path.split('/').find_map(|part| {
        end += part.len() + 1;
        matches!(part, ".DS_Store" | "Thumbs.db" | "__pycache__" | ".idea").then(|| &path[..end - 1])
    })
}

/// The last two names of a path.
fn split(path: &str) -> (&str, &str) {
    let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
    (above.rsplit('/').next().unwrap_or(""), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a key's base64 looks like.
    const BODY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAAAAAAAAA";

    #[test]
    fn a_private_key_is_found_in_any_file() {
        let begin = |label: &str| format!("-----BEGIN {label}-----");
        let certificate = format!("{}\n{}\n", begin("CERTIFICATE"), format!("{BODY}\n").repeat(100));
        for text in [
            format!("{}\n{BODY}\n", begin("PRIVATE KEY")),
            format!("{}\r\n{BODY}\r\n", begin("EC PRIVATE KEY")),
            format!("{}\n{BODY}\n", begin("OPENSSH PRIVATE KEY")),
            format!(
                "{}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{BODY}\n",
                begin("RSA PRIVATE KEY")
            ),
            format!("{}\n\n{BODY}\n", begin("PGP PRIVATE KEY BLOCK")),
            format!(
                "{}\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n{}\n{BODY}\n",
                begin("EC PARAMETERS"),
                begin("EC PRIVATE KEY")
            ),
            format!("{{\"private_key\": \"{}\\n{BODY}\\n\"}}", begin("PRIVATE KEY")),
            format!("Bag Attributes\n    localKeyID: 01\n{}\n{BODY}\n", begin("PRIVATE KEY")),
            format!("const KEY = `{}\n{BODY}\n`;", begin("RSA PRIVATE KEY")),
            format!("{certificate}{}\n{BODY}\n", begin("PRIVATE KEY")),
            "PuTTY-User-Key-File-3: ssh-ed25519\n".into(),
            "Access key ID,Secret access key\nAKIA,x\n".into(),
        ] {
            assert!(of_bytes(text.as_bytes()).is_some(), "{text}");
        }
    }

    #[test]
    fn a_file_about_keys_is_not_one() {
        for text in [
            format!("-----BEGIN CERTIFICATE-----\n{BODY}\n"),
            format!("-----BEGIN PUBLIC KEY-----\n{BODY}\n"),
            "if (text.startsWith('-----BEGIN PRIVATE KEY-----')) {".into(),
            "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----".into(),
            "-----BEGIN PRIVATE KEY-----".into(),
            "-----BEGIN ".into(),
            format!("{}-----BEGIN PRIVATE KEY-----\n{BODY}\n", " ".repeat(SECRET_HEAD_BYTES)),
        ] {
            assert_eq!(of_bytes(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn names_of_keys_and_files_with_tokens_are_secrets() {
        for path in [".ssh/id_work", "a/.ssh/id_rsa", "id_ed25519", "x/.aws/credentials"] {
            assert!(of_name(path).is_some(), "{path}");
        }
        for path in [".ssh/id_rsa.pub", ".ssh/known_hosts", "id_rsa.pub", "id_map.py", "aws/credentials"] {
            assert_eq!(of_name(path), None, "{path}");
        }
        for (path, text, found) in [
            ("a/.npmrc", "//registry.npmjs.org/:_authToken=npm_x\n", true),
            (".npmrc", "_auth = \"eA==\"\n", true),
            (".npmrc", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}\n", false),
            (".npmrc", "registry=https://registry.npmjs.org/\n", false),
            (".pypirc", "[pypi]\nusername = __token__\npassword = pypi-x\n", true),
            (".pypirc", "[distutils]\nindex-servers = pypi\n", false),
            (".netrc", "machine a login b password c", true),
            (".netrc", "machine a login b", false),
            ("notes", "password = x", false),
        ] {
            assert_eq!(of_content(path, text.as_bytes()).is_some(), found, "{path}: {text}");
        }
    }

    #[test]
    fn likely_secrets_and_clutter_are_told_by_name() {
        for path in [
            ".env",
            "a/.env.production",
            ".git-credentials",
            ".terraform/x",
            "a.tfstate",
            "x.sqlite3",
            "k.p12",
        ] {
            assert!(is_likely(path), "{path}");
        }
        for path in [".env.example", ".envrc.md", "env", "a.py", ".environment", "terraform/x"] {
            assert!(!is_likely(path), "{path}");
        }
        for (path, clutter) in [
            ("a/__pycache__/b.pyc", Some("a/__pycache__")),
            (".DS_Store", Some(".DS_Store")),
            ("a/.idea/x", Some("a/.idea")),
            ("a/Thumbs.db", Some("a/Thumbs.db")),
            ("idea/x", None),
        ] {
            assert_eq!(clutter_of(path), clutter, "{path}");
        }
    }
}
