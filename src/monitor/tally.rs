//! Tallies: the counts of each function while journals are read, in any order.

use std::collections::{BTreeMap, BTreeSet};

use super::advice;
use super::answer::{Cause, Day, Function};
use super::readiness::{Criteria, Evidence};
use super::totals::{FunctionKey, Totals};
use crate::arn::ProfileArn;
use crate::csc::Untrusted;
use crate::metrics::{Event, Occasion};
use crate::name::{CscId, FindingCode, HostLabel, Principal};
use crate::report::{Check, Decision};
use crate::time::Timestamp;

/// The counts of one function.
#[derive(Debug, Default)]
pub struct Tally {
    totals: Totals,
    under: BTreeMap<Option<CscId>, Under>,
    causes: BTreeMap<Key, Seen>,
    days: BTreeMap<i64, Totals>,
}

/// The counts of one function under one CSC.
#[derive(Debug)]
struct Under {
    first: Timestamp,
    /// The last verdict, and whether it was under Warn, which wins for the same second.
    last: (Timestamp, bool),
    last_warned: Option<Timestamp>,
    warned: u64,
    /// The times of passed verdicts after the last known warning.
    passed: Vec<Timestamp>,
}

/// What distinguishes causes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    check: Check,
    code: FindingCode,
    profile: Option<ProfileArn>,
}

#[derive(Debug)]
struct Seen {
    count: u64,
    first: Timestamp,
    last: Timestamp,
    principals: BTreeSet<Principal>,
    hosts: BTreeSet<HostLabel>,
}

impl Tally {
    /// Counts an event.
    pub fn count(&mut self, event: Event) {
        self.totals.count(&event);
        self.days.entry(event.time.day()).or_default().count(&event);
        let time = event.time;
        let under = self.under.entry(event.csc).or_insert_with(|| Under {
            first: time,
            last: (time, false),
            last_warned: None,
            warned: 0,
            passed: Vec::new(),
        });
        under.count(time, event.event, event.decision, event.mode);
        for (check, codes) in event.findings {
            for code in codes {
                let key = Key { check, code, profile: event.profile.clone() };
                let seen = self.causes.entry(key).or_insert_with(|| Seen {
                    count: 0,
                    first: time,
                    last: time,
                    principals: BTreeSet::new(),
                    hosts: BTreeSet::new(),
                });
                seen.count += 1;
                seen.first = seen.first.min(time);
                seen.last = seen.last.max(time);
                seen.principals.extend(event.requested_by.clone());
                seen.hosts.extend(event.host.clone());
            }
        }
    }

    /// The function at the end of the window.
    pub fn close(self, function: FunctionKey, criteria: &Criteria, end: Timestamp) -> Function {
        let current = self.under.into_iter().max_by_key(|(csc, under)| (under.last, csc.clone()));
        let (csc, evidence) = match current {
            Some((Some(csc), under)) => (Some(csc), Some(under.evidence(end))),
            _ => (None, None),
        };
        let readiness = criteria.readiness_of(evidence.as_ref());
        let causes = self.causes.into_iter().map(|(key, seen)| Cause {
            next: advice::of_cause(&key.code, key.check, &function.name, csc.as_ref(), key.profile.as_ref()),
            check: key.check,
            code: key.code,
            profile: key.profile,
            count: seen.count,
            first_seen: seen.first,
            last_seen: seen.last,
            requested_by: seen.principals,
            hosts: seen.hosts,
        });
        let mut causes: Vec<Cause> = causes.collect();
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.last_seen));
        let days = self.days.iter().map(|(day, totals)| Day::of(*day, totals)).collect();
        Function::new(function, csc, evidence, readiness, &self.totals, causes, days)
    }
}

impl Under {
    fn count(&mut self, time: Timestamp, occasion: Occasion, decision: Decision, mode: Option<Untrusted>) {
        self.first = self.first.min(time);
        self.last = self.last.max((time, mode == Some(Untrusted::Warn)));
        match decision {
            Decision::Warned => {
                self.warned += 1;
                self.last_warned = self.last_warned.max(Some(time));
            }
            // A release verifies what it has just signed, which shows nothing about deployments.
            Decision::Allowed if occasion != Occasion::Release && Some(time) > self.last_warned => {
                self.passed.push(time);
            }
            Decision::Allowed | Decision::Denied => {}
        }
    }

    fn evidence(self, end: Timestamp) -> Evidence {
        let since = self.last_warned.unwrap_or(self.first);
        let passed = self.passed.iter().filter(|time| Some(**time) > self.last_warned).count();
        Evidence {
            mode: if self.last.1 { Untrusted::Warn } else { Untrusted::Enforce },
            warned: self.warned,
            last_warned: self.last_warned,
            clean_since: since,
            clean_seconds: (end.unix() - since.unix()).max(0),
            clean_verdicts: passed as u64,
        }
    }
}
