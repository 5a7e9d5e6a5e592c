//! Shards: parts of a list, one for each job of a CI matrix.
//!
//! `1/4` is the first of four, as test runners and `CI_NODE_INDEX/CI_NODE_TOTAL` of GitLab count. A split depends only
//! on the list, so that each job can make it again by itself.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits::SHARDS_MAX;

/// One of several parts of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    place: usize,
    count: usize,
}

/// A shard of a release, and what was split: only shards of the same are one release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The shard.
    pub shard: Shard,
    /// The commit that was checked out, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The commit since which the shards have the changes; absent if they have everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_since: Option<String>,
}

/// Why a text is not a shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a shard; expected `I/N`, with I from 1 to N, and N from 1 to {SHARDS_MAX}")]
pub struct ShardError(String);

impl Shard {
    /// All shards of this count.
    pub fn all(count: usize) -> impl Iterator<Item = Self> {
        (0..count).map(move |place| Self { place, count })
    }

    /// Its number, from 1.
    pub fn number(self) -> usize {
        self.place + 1
    }

    /// How many shards there are.
    pub fn count(self) -> usize {
        self.count
    }

    /// Its part of a list: neighbours stay together, and part sizes differ by at most one.
    pub fn of<T>(self, list: &[T]) -> &[T] {
        let start = |place: usize| place * list.len() / self.count;
        &list[start(self.place)..start(self.place + 1)]
    }

    /// The shard of each thing of a list, by weight: the heaviest first, each goes to the shard with the least weight so
    /// far, of these to the first.
    ///
    /// No shard is heavier than 4/3 of the best split's heaviest (Graham 1969, "Bounds on multiprocessing timing
    /// anomalies").
    pub fn of_each(weights: &[u64], count: usize) -> Vec<Self> {
        let mut order: Vec<(Reverse<u64>, usize)> =
            weights.iter().enumerate().map(|(at, weight)| (Reverse(*weight), at)).collect();
        order.sort_unstable();
        let mut sums = vec![0u64; count];
        let mut shards = vec![Self { place: 0, count }; weights.len()];
        for (Reverse(weight), at) in order {
            let lightest = (0..count).min_by_key(|place| sums[*place]).unwrap_or(0);
            sums[lightest] = sums[lightest].saturating_add(weight.max(1));
            shards[at].place = lightest;
        }
        shards
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let number = |text: &str| text.parse::<usize>().ok().filter(|n| n.to_string() == text);
        let parts = text.split_once('/').and_then(|(a, b)| Some((number(a)?, number(b)?)));
        match parts {
            Some((number, count)) if (1..=count).contains(&number) && count <= SHARDS_MAX => {
                Ok(Self { place: number - 1, count })
            }
            _ => Err(ShardError(crate::shown::shortened(text).into_owned())),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number(), self.count)
    }
}

countersign_verify::text_form!(Shard);

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
    fn shards_by_weight_have_everything_once_and_are_even() {
        let weights: Vec<u64> = (0..200).map(|n| n * n % 977).collect();
        let mut sums = [0; 7];
        for (shard, weight) in Shard::of_each(&weights, 7).into_iter().zip(&weights) {
            sums[shard.number() - 1] += weight;
        }
        assert_eq!(sums.iter().sum::<u64>(), weights.iter().sum::<u64>());
        assert!(sums.iter().max().unwrap() * 100 < sums.iter().min().unwrap() * 105, "{sums:?}");
        // One that outweighs the rest is alone; things without weight are split too.
        let of =
            |weights: &[u64]| Shard::of_each(weights, 2).into_iter().map(Shard::number).collect::<Vec<_>>();
        assert_eq!((of(&[1, 9, 2]), of(&[0, 0]), of(&[])), (vec![2, 1, 2], vec![1, 2], vec![]));
    }

    #[test]
    fn a_shard_is_one_of_so_many() {
        assert_eq!("4/4".parse::<Shard>().unwrap().to_string(), "4/4");
        for text in ["0/4", "5/4", "0/0", "-1/2", "1", "1/257", "01/1", "1/1/2", " 1/1", "+1/1"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
