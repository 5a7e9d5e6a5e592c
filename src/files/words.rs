//! The last lines of a program's output, which explain why it failed.

use std::io::{self, Read};

/// How many bytes of them are kept: about a screen.
const WORDS_BYTES_MAX: usize = 2048;

/// The end of a stream of any length.
pub fn last_words(mut stream: impl Read) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(kept);
        }
        kept.extend_from_slice(&buffer[..count]);
        let surplus = kept.len().saturating_sub(WORDS_BYTES_MAX);
        kept.drain(..surplus);
    }
}

/// Each non-empty line, indented below a message.
pub fn indented(words: &str) -> String {
    words.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("\n  {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_words_are_kept() {
        let words = [vec![b'a'; 100_000], b"fatal: no".to_vec()].concat();
        let kept = last_words(&words[..]).unwrap();
        assert_eq!(kept.len(), WORDS_BYTES_MAX);
        assert!(kept.ends_with(b"fatal: no"));
    }
}
