//! Is every verdict counted, and do journals say truly which functions are ready for Enforce?

mod answers;
mod counting;
mod journals;
mod lines;
mod metrics;
mod page;
mod uncounted;
