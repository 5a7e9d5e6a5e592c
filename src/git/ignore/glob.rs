//! Globs: patterns with wildcards, as git's `wildmatch.c` reads them with `WM_PATHNAME`.
//!
//! | in the pattern | matches |
//! |---|---|
//! | `?` | a byte except `/` |
//! | `*` | any bytes except `/` |
//! | `[…]` | one byte of a class ([`class`](super::class)) |
//! | `\x` | the byte `x` |
//! | `**/` at the start or after `/` | nothing, or any bytes up to a `/` |
//! | `**` between such a place and the end, or `\/` | any bytes |
//! | any other run of `*` | as one `*` |
//!
//! A pattern that ends in a lone `\`, or has a malformed class, matches nothing.
//!
//! All ways to match are followed at the same time, so the steps are at most the tokens of the pattern times the
//! bytes of the path; git's own matcher tries them one after another.

use super::class::{self, Set};
use super::work::{Steps, TooMuchWork};
use super::{Case, lower};

/// A pattern with wildcards.
#[derive(Debug, Default)]
pub struct Glob {
    tokens: Vec<Token>,
    sets: Vec<Set>,
    /// Why it matches nothing.
    malformed: Option<&'static str>,
    has_reversed_range: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// This byte.
    Byte(u8),
    /// A byte of a set, by its index.
    Set(u32),
    /// A byte except `/`.
    Any,
    /// Bytes except `/`.
    Star,
    /// Any bytes.
    Deep,
    /// Any bytes, or nothing and not the `/` that follows.
    Folders,
}

impl Glob {
    /// Reads a pattern.
    pub fn new(pattern: &[u8], case: Case) -> Self {
        let mut glob = Self::default();
        if let Err(fault) = glob.read(pattern, case) {
            glob.malformed = Some(fault);
        }
        glob.tokens.shrink_to_fit();
        glob.sets.shrink_to_fit();
        glob
    }

    /// Why the pattern, or a part of it, cannot match anything.
    pub fn fault(&self) -> Option<&'static str> {
        self.malformed.or(self.has_reversed_range.then_some("has a range that ends before it starts"))
    }

    /// Whether it is the empty pattern.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.malformed.is_none()
    }

    fn read(&mut self, pattern: &[u8], case: Case) -> Result<(), &'static str> {
        let mut at = 0;
        while let Some(byte) = pattern.get(at).copied() {
            at += 1;
            let token = match byte {
                b'\\' => {
                    at += 1;
                    // Git folds the case of the path only: an escaped capital matches nothing then.
                    Token::Byte(*pattern.get(at - 1).ok_or("ends in a single `\\`")?)
                }
                b'?' => Token::Any,
                b'[' => {
                    let class = class::read(&pattern[at..], case)?;
                    at += class.length;
                    self.has_reversed_range |= class.reversed;
                    self.sets.push(class.set);
                    Token::Set(u32::try_from(self.sets.len() - 1).map_err(|_| "is too long")?)
                }
                b'*' => {
                    let start = at - 1;
                    at += pattern[at..].iter().take_while(|byte| **byte == b'*').count();
                    stars(pattern, start, at)
                }
                other => Token::Byte(lower(other, case)),
            };
            self.tokens.push(token);
        }
        Ok(())
    }

    /// Whether the pattern matches all of a text.
    pub fn matches(&self, text: &[u8], case: Case, steps: &mut Steps) -> Result<bool, TooMuchWork> {
        if self.malformed.is_some() {
            return Ok(false);
        }
        let words = self.tokens.len() / 64 + 1;
        if words <= WORDS {
            let (mut now, mut next) = ([0; WORDS], [0; WORDS]);
            return self.run(text, case, &mut now[..words], &mut next[..words], steps);
        }
        self.run(text, case, &mut vec![0; words], &mut vec![0; words], steps)
    }

    /// Follows all tokens that can be next, as bits, byte by byte.
    fn run<'a>(
        &self,
        text: &[u8],
        case: Case,
        mut now: &'a mut [u64],
        mut next: &'a mut [u64],
        steps: &mut Steps,
    ) -> Result<bool, TooMuchWork> {
        self.arrive(now, 0);
        for byte in text {
            let byte = lower(*byte, case);
            let mut taken = 1;
            for (word, bits) in now.iter_mut().enumerate() {
                while *bits != 0 {
                    let at = word * 64 + bits.trailing_zeros() as usize;
                    *bits &= *bits - 1;
                    taken += 1;
                    let Some(token) = self.tokens.get(at) else { continue };
                    match *token {
                        Token::Deep => self.arrive(next, at),
                        Token::Folders => {
                            mark(next, at);
                            mark(next, at + 1);
                        }
                        Token::Star if byte != b'/' => self.arrive(next, at),
                        Token::Any if byte != b'/' => self.arrive(next, at + 1),
                        Token::Byte(own) if own == byte => self.arrive(next, at + 1),
                        Token::Set(set) if class::contains(&self.sets[set as usize], byte) => {
                            self.arrive(next, at + 1);
                        }
                        _ => {}
                    }
                }
            }
            steps.take(taken)?;
            std::mem::swap(&mut now, &mut next);
            if now.iter().all(|bits| *bits == 0) {
                return Ok(false);
            }
        }
        let end = self.tokens.len();
        Ok(now[end / 64] & (1 << (end % 64)) != 0)
    }

    /// Marks a token as one that can be next, with those after it if it can match nothing.
    fn arrive(&self, states: &mut [u64], mut at: usize) {
        loop {
            let is_new = mark(states, at);
            match self.tokens.get(at) {
                Some(Token::Star | Token::Deep) if is_new => at += 1,
                // Even if it was marked after a byte: then it could not match nothing.
                Some(Token::Folders) => {
                    mark(states, at + 1);
                    at += 2;
                }
                _ => return,
            }
        }
    }
}

/// Sets a bit; returns whether it was not set.
fn mark(states: &mut [u64], at: usize) -> bool {
    let (word, bit) = (at / 64, 1 << (at % 64));
    let is_new = states[word] & bit == 0;
    states[word] |= bit;
    is_new
}

/// Words of 64 tokens that are kept on the stack: enough for every pattern that was measured.
const WORDS: usize = 8;

/// The token of a run of `*` in a pattern, from its start to its end.
fn stars(pattern: &[u8], start: usize, end: usize) -> Token {
    let (before, after) = (&pattern[..start], &pattern[end..]);
    let is_alone = (before.is_empty() || before.ends_with(b"/"))
        && (after.is_empty() || after.starts_with(b"/") || after.starts_with(b"\\/"));
    match (end - start >= 2 && is_alone, after.first()) {
        (false, _) => Token::Star,
        (true, Some(b'/')) => Token::Folders,
        (true, _) => Token::Deep,
    }
}
