//! Memory of a document: every value is counted before it is allocated, and equal short texts are stored
//! once.
//!
//! A document can use [`PLAN_MEMORY_FIXED`] bytes and three times its own size; with the bytes it was read
//! from, that is four times its size and a fixed amount. A real plan needs about twice its size.

use std::collections::HashSet;
use std::sync::Arc;

use crate::limits::{PLAN_MEMORY_FIXED, SHARED_TEXT_BYTES_MAX};

/// The overhead of an allocation: the allocator's own bytes and rounding.
const ALLOCATION: u64 = 32;

/// The overhead of a shared text in the table of shared texts, while that grows.
const ENTRY: u64 = 48;

/// Longest list that is moved to an allocation of its exact length.
const MOVED_VALUES_MAX: usize = 1024;

/// A document needs more memory than a real one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it contains too many values for its size")]
pub struct TooMuch;

/// The memory of one document.
pub struct Heap {
    rest: u64,
    shared: HashSet<Arc<str>>,
}

impl Heap {
    /// The memory for a document of this many bytes.
    pub fn for_document(bytes: usize) -> Self {
        Self { rest: PLAN_MEMORY_FIXED + 3 * bytes as u64, shared: HashSet::new() }
    }

    /// Counts `bytes` before they are allocated.
    pub fn take(&mut self, bytes: u64) -> Result<(), TooMuch> {
        self.rest = self.rest.checked_sub(bytes).ok_or(TooMuch)?;
        Ok(())
    }

    /// A text; stored once if it is short.
    pub fn text(&mut self, text: &str) -> Result<Arc<str>, TooMuch> {
        let is_shared = text.len() <= SHARED_TEXT_BYTES_MAX;
        if let Some(known) = self.shared.get(text).filter(|_| is_shared) {
            return Ok(known.clone());
        }
        self.take(ALLOCATION + text.len() as u64 + if is_shared { ENTRY } else { 0 })?;
        let new: Arc<str> = text.into();
        if is_shared {
            self.shared.insert(new.clone());
        }
        Ok(new)
    }

    /// Appends a value, and counts both the new and the old allocation while the list moves.
    pub fn push<T>(&mut self, list: &mut Vec<T>, value: T) -> Result<(), TooMuch> {
        let capacity = list.capacity();
        if list.len() == capacity {
            let grown = (2 * capacity).max(4);
            self.take(cost::<T>(grown))?;
            list.reserve_exact(grown - list.len());
            self.rest += cost::<T>(capacity);
        }
        list.push(value);
        Ok(())
    }

    /// The list without unused capacity, which is returned to the heap.
    pub fn finish<T>(&mut self, mut list: Vec<T>) -> Vec<T> {
        self.rest += cost::<T>(list.capacity());
        if list.capacity() > MOVED_VALUES_MAX {
            list.shrink_to_fit();
        } else {
            // An allocation that shrinks leaves a gap that is too small for the next list.
            let mut exact = Vec::with_capacity(list.len());
            exact.append(&mut list);
            list = exact;
        }
        self.rest = self.rest.saturating_sub(cost::<T>(list.capacity()));
        list
    }
}

/// The memory for a list of this many values.
fn cost<T>(values: usize) -> u64 {
    if values == 0 { 0 } else { ALLOCATION + (values * size_of::<T>()) as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pays_before_it_allocates() {
        let mut heap = Heap::for_document(0);
        assert_eq!(heap.take(PLAN_MEMORY_FIXED + 1), Err(TooMuch));
        heap.take(PLAN_MEMORY_FIXED - 100).unwrap();
        assert!(heap.text("a text that is longer than what is left of the memory of this document").is_err());
        let mut list = Vec::new();
        (0..2).for_each(|n| heap.push(&mut list, n).unwrap());
        let full = (0..100).try_for_each(|n| heap.push(&mut list, n));
        assert_eq!((full, list.len()), (Err(TooMuch), 4));
    }

    #[test]
    fn equal_short_texts_are_stored_once() {
        let mut heap = Heap::for_document(0);
        let (first, second) = (heap.text("arn").unwrap(), heap.text("arn").unwrap());
        assert!(Arc::ptr_eq(&first, &second));
    }
}
