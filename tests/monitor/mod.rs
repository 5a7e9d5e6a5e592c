//! Is every verdict counted, and do journals say truly for which functions it is safe to enforce?

mod answers;
mod counting;
mod journals;
mod lines;
mod metrics;
mod page;
mod uncounted;
