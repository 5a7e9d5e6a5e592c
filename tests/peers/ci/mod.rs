//! Does what runs in CI do what it says: the action, the workflows, the examples?

mod action;
mod archive;
mod examples;
mod runner;
mod schemas;
