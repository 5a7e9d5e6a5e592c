//! PEM whose line breaks were lost on the way: in a variable of a CI system, in JSON, or in an env file.
//!
//! `\n` and `\r` in two characters, spaces, or nothing in place of the line breaks, and quotes around the text. Neither a
//! backslash nor a space occurs in base64 (RFC 4648), so there is one way to restore the lines.

use zeroize::Zeroizing;

/// Characters of a line (RFC 7468, 2).
const LINE_CHARS: usize = 64;

/// The text with the line breaks of RFC 7468; unchanged if it is not one PEM block of base64.
pub fn with_line_breaks(text: &str) -> Zeroizing<String> {
    restored(text).unwrap_or_else(|| Zeroizing::new(text.to_owned()))
}

fn restored(text: &str) -> Option<Zeroizing<String>> {
    let rest = outside(text).strip_prefix("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, end) = rest.split_once("-----END ")?;
    let after = end.strip_prefix(label)?.strip_prefix("-----")?;
    if !outside(after).is_empty() {
        return None;
    }
    let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
    let mut characters = body.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => {
                let next = characters.find(|next| *next != '\\');
                next.filter(|next| matches!(next, 'n' | 'r'))?;
            }
            c if c.is_ascii_whitespace() => {}
            c if c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=') => base64.push(c),
            _ => return None,
        }
    }
    let mut out = Zeroizing::new(String::with_capacity(2 * text.len() + 100));
    out.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE_CHARS));
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    out.push_str(&format!("-----END {label}-----\n"));
    Some(out)
}

/// The text without spaces, quotes and escaped line breaks at its start and end.
fn outside(text: &str) -> &str {
    let mut text = text;
    loop {
        let before = text.len();
        text = text.trim_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '\u{feff}'));
        for escape in ["\\n", "\\r"] {
            text = text.strip_prefix(escape).unwrap_or(text);
            text = text.strip_suffix(escape).unwrap_or(text).trim_end_matches('\\');
        }
        if text.len() == before {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::any::AnyKey;
    use crate::crypto::secret::{Passphrase, SecretKey};

    #[test]
    fn lost_line_breaks_are_restored() {
        let key = SecretKey::generate().unwrap();
        let passphrase = Passphrase::new("correct horse".into());
        let plain = key.to_pem(None).unwrap();
        let encrypted = key.to_pem(Some(&passphrase)).unwrap();
        for pem in [plain.as_str(), encrypted.as_str(), &key.public().to_pem()] {
            for lost in [
                pem.to_owned(),
                pem.replace('\n', "\\n"),
                pem.replace('\n', "\\\\n"),
                pem.replace('\n', "\\r\\n"),
                pem.replace('\n', " "),
                pem.replace('\n', ""),
                pem.replace('\n', "\r\n"),
                pem.replace('\n', "\r"),
                pem.replace('\n', "\n    "),
                format!("\"{}\"", pem.replace('\n', "\\n")),
                format!("'{pem}'"),
            ] {
                assert_eq!(*with_line_breaks(&lost), *pem, "{lost}");
                let read = AnyKey::from_pem(&with_line_breaks(&lost), Some(&passphrase)).unwrap();
                assert_eq!(read.public(), key.public());
            }
        }
    }

    #[test]
    fn what_is_not_one_block_of_base64_is_unchanged() {
        let block = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
        for text in [
            "",
            "AAAA",
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----AAAA-----END PRIVATE KEY-----",
            "-----BEGIN PUBLIC KEY-----A\\tA-----END PUBLIC KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END EC PRIVATE KEY-----",
            &format!("{block}{block}"),
            &format!("# mine\n{block}"),
        ] {
            assert_eq!(*with_line_breaks(text), text);
        }
    }
}
