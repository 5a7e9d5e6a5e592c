//! Decides whether a signed ZIP can be deployed, according to a sealed policy with a pinned root.
//!
//! This is the trusted core of countersign. It reads an artifact, its manifest and a policy directory, and returns
//! [`Admitted`] or the reasons for a denial. It writes no file, starts no program and opens no socket; it does
//! not read the clock, the environment or git.
//!
//! The policy is a directory of documents. The policy owner signs the list of their digests: the seal. The keys that can
//! seal are in the policy's root, and the [`Pin`] is the SHA-384 of the first root.
//!
//! ```
//! use std::path::Path;
//!
//! use countersign_verify::{Artifact, Error, Gate, Location, Policy, admit, manifest_of};
//!
//! fn main() -> Result<(), Error> {
//!     let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/example");
//!     // The pin comes from the policy owner, over another channel than the policy. This file has the `SHA384:…`
//!     // that `countersign policy pin` prints.
//!     let pin = include_str!("../tests/example/pin").trim().parse().expect("a pin");
//!     let now = "2026-12-01T00:00:00Z".parse().expect("a time");
//!
//!     let policy = Policy::open(&Location::pinned(folder.join("policy"), pin), now)?;
//!     let artifact = Artifact::open(&folder.join("orders.zip"))?;
//!     let manifest = manifest_of(&artifact)?;
//!     let name = "orders".parse().expect("a function's name");
//!     match admit(&policy, &name, &artifact, manifest.as_ref())? {
//!         Gate::Admitted(admitted) => println!("deploy {}", admitted.verdict().artifact),
//!         Gate::Stopped(verdict) => panic!("{:?}", verdict.checks),
//!     }
//!     Ok(())
//! }
//! ```
//!
//! - `Err`: no decision. The policy does not match the pin, is expired, was rolled back or was changed, or a file cannot be
//!   read. Do not deploy.
//! - [`Gate::Stopped`]: a denial. Its [`Verdict`] has each [`Finding`] with a code, a message and a hint.
//! - [`Gate::Admitted`]: allowed, perhaps with warnings. Only the gate creates an [`Admitted`]: make your deploy function
//!   take one, so that it cannot run without a verdict.
//!
//! Deploy the bytes that were verified: read them from the open [`Artifact`], or first copy the file to a folder that no
//! other user can write to.
//!
//! The example accepts any sealed policy that has not expired. To also reject a policy that was rolled back, write
//! [`Policy::state`] as JSON to a file after each run, and pass the path of that file in [`Location::state`].
//!
//! See also: [`verify`] for layers, commits and digests; [`manifest`], [`policy`] and [`package`] for the formats.

pub mod account;
pub mod arn;
pub mod crypto;
pub mod csc;
pub mod digest;
pub mod document;
pub mod files;
pub mod function;
pub mod gate;
pub mod hint;
pub mod inventory;
pub mod layer;
pub mod ledger;
pub mod limits;
pub mod manifest;
pub mod name;
pub mod package;
pub mod parallel;
pub mod pin;
pub mod policy;
pub mod profile;
pub mod provenance;
pub mod report;
pub mod revocation;
pub mod shown;
pub mod statement;
pub mod time;
pub mod verify;

pub use self::files::Loaded;
pub use self::files::artifact::Artifact;
pub use self::gate::{Admitted, Gate, admit};
pub use self::manifest::manifest_of;
pub use self::pin::Pin;
pub use self::policy::store::{Location, Policy};
pub use self::report::{Finding, Verdict};
pub use self::time::Timestamp;
pub use self::verify::VerifyError as Error;
