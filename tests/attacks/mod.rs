//! Do the attacks that other signing tools have met fail here?
//!
//! Each test names the row that it comes from: a tool, a CVE, or a property of a format. It starts
//! from a release that is allowed, tampers with one thing at a time, and asks for the verdict.

mod around;
mod fetch;
mod json;
mod policy;
mod signatures;
mod tomorrow;
mod verdicts;
