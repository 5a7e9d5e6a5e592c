//! Does the exchange with AWS carry what a policy says, and never permit more?

mod export;
mod import;
