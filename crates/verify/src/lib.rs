//! Decides whether a signed ZIP can be deployed, under a sealed policy whose root is pinned.
//!
//! This is the trusted core of countersign. It reads an artifact, its manifest and a policy directory, and returns
//! [`Admitted`] or the reasons for a denial. It writes nothing, starts no program and opens no socket; it does
//! not read the clock, the environment or git.
//!
//! ```
//! use std::path::Path;
//!
//! use countersign_verify::{Artifact, Error, Gate, Location, Policy, admit, manifest_of};
//!
//! fn main() -> Result<(), Error> {
//!     let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/example");
//!     // The pin comes from the security team, by another way than the policy.
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
//! - `Err` means that there is no decision: the policy is not pinned, expired, rolled back or changed, or a file cannot
//!   be read. Do not deploy.
//! - [`Gate::Stopped`] is a denial; its [`Verdict`] has each [`Finding`] with a code, a message and a hint.
//! - [`Gate::Admitted`] is the only way to an [`Admitted`]. Let the code that deploys take one.
//!
//! Deploy exactly the bytes that were verified: deploy from the open [`Artifact`], or copy the file first to
//! where no one else can write. To reject a policy that was rolled back, keep [`Policy::state`] at [`Location::state`].
//!
//! The modules have the rest: [`verify`] verifies layers, commits and digests, [`manifest`], [`policy`] and
//! [`package`] specify the formats.

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
