//! Are layers what their records say: what is published, what is brought from elsewhere, and what is endorsed?

mod endorse;
mod fetch;
mod publish;
mod vendor;
