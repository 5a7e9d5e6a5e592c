//! Do other people's hook managers, shells and gits run our hooks, with every line, and stop a push when we say no?

mod managers;
mod settings;
mod shells;
mod suite;
