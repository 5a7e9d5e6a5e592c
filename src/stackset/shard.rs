//! Shards: parts of a list of targets, one for each job of a CI matrix.

use std::fmt;
use std::str::FromStr;

use crate::limits::SHARDS_MAX;

/// One of several equal parts, in order: `0/4` is the first of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    count: usize,
}

/// Why a text is not a shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shard; expected `K/N`, with K from 0 to N - 1, and N from 1 to {SHARDS_MAX}")]
pub struct ShardError(String);

impl Shard {
    /// All shards of this count.
    pub fn all(count: usize) -> impl Iterator<Item = Self> {
        (0..count).map(move |number| Self { number, count })
    }

    /// Its number, from 0.
    pub fn number(self) -> usize {
        self.number
    }

    /// Its part of a list: neighbours stay together, and part sizes differ by at most one.
    pub fn of<T>(self, list: &[T]) -> &[T] {
        let start = |number: usize| number * list.len() / self.count;
        &list[start(self.number)..start(self.number + 1)]
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let number = |text: &str| text.parse::<usize>().ok().filter(|n| n.to_string() == text);
        let parts = text.split_once('/').and_then(|(a, b)| Some((number(a)?, number(b)?)));
        match parts {
            Some((number, count)) if number < count && count <= SHARDS_MAX => Ok(Self { number, count }),
            _ => Err(ShardError(crate::shown::shortened(text).into_owned())),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_in_one_shard() {
        for (total, count) in [(0, 1), (1, 4), (7, 3), (200, 16), (1000, 256)] {
            let list: Vec<usize> = (0..total).collect();
            let parts: Vec<&[usize]> = Shard::all(count).map(|shard| shard.of(&list)).collect();
            assert_eq!(parts.concat(), list);
            let sizes = || parts.iter().map(|part| part.len());
            assert!(sizes().max().unwrap() - sizes().min().unwrap() <= 1, "{total} in {count}");
        }
    }

    #[test]
    fn a_shard_is_one_of_so_many() {
        assert_eq!("3/4".parse::<Shard>().unwrap().to_string(), "3/4");
        for text in ["4/4", "0/0", "-1/2", "1", "0/257", "00/1", "0/1/2", " 0/1", "+0/1"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
