//! Targets: each gives one input to one reader of outside bytes, and panics where a promise is broken.
//!
//! Every target promises that its reader ends in a value or in an error. Where there is a writer, what is read, written
//! and read again is the same. Where there is a second reader, both agree on what the first one accepts.
//!
//! `cargo test` includes this folder and runs every target over its seeds and its regressions.

mod aws;
mod choices;
mod documents;
mod entries;
mod journals;
mod keys;
mod lines;
mod manifests;
mod patterns;
mod policy;
mod templates;
mod texts;
mod trees;
mod written;
mod yaml;
mod zip;

use std::io::Write;
use std::path::Path;

/// A reader to fuzz.
pub struct Target {
    /// The name of its binary, of its corpus and of the folder of its regressions.
    pub name: &'static str,
    /// Runs it with one input.
    pub run: fn(&[u8]),
    /// The inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! targets {
    ($($name:ident: $run:path, $seeds:path;)*) => {
        /// Every target.
        pub const TARGETS: &[Target] =
            &[$(Target { name: stringify!($name), run: $run, seeds: $seeds }),*];
    };
}

targets! {
    // The four that decide most, first.
    zip: zip::run, zip::seeds;
    zip_entries: entries::run, choices::seeds;
    template: templates::run, templates::seeds;
    template_lines: lines::run, choices::seeds;
    tree: trees::run, trees::seeds;
    tree_entries: trees::run_entries, choices::seeds;
    manifest: manifests::manifest, manifests::manifest_seeds;
    statement: manifests::statement, manifests::statement_seeds;

    zip_written: written::run, choices::seeds;
    terraform: templates::run, templates::terraform_seeds;
    envelope: manifests::envelope, manifests::envelope_seeds;
    note: manifests::note, manifests::note_seeds;

    root: policy::root, policy::root_seeds;
    snapshot: policy::snapshot, policy::snapshot_seeds;
    state: policy::state, policy::state_seeds;
    index: policy::index, policy::index_seeds;
    ledger: policy::ledger, policy::ledger_seeds;
    signed_revocation: policy::revocation, policy::revocation_seeds;

    profile: documents::profile, documents::profile_seeds;
    csc: documents::csc, documents::csc_seeds;
    functions: documents::functions, documents::functions_seeds;
    layer: documents::layer, documents::layer_seeds;
    revocations: documents::revocations, documents::revocations_seeds;
    stackset: documents::stackset, documents::stackset_seeds;
    account: documents::account, documents::account_seeds;
    workspace: documents::workspace, documents::workspace_seeds;

    aws_import: aws::import, aws::import_seeds;
    aws_audit: aws::audit, aws::audit_seeds;
    journal: journals::journal, journals::journal_seeds;
    prometheus: journals::prometheus, journals::prometheus_seeds;

    hook_input: texts::hook_input, texts::hook_input_seeds;
    pattern: patterns::pattern, patterns::pattern_seeds;
    ref_pattern: patterns::ref_pattern, patterns::ref_pattern_seeds;
    filter: patterns::filter, patterns::filter_seeds;
    path: texts::path, texts::path_seeds;
    arn: texts::arn, texts::arn_seeds;
    time: texts::time, texts::time_seeds;
    source: texts::source, texts::source_seeds;
    location: texts::location, texts::location_seeds;
    pem: keys::pem, keys::pem_seeds;
    pem_encrypted: keys::encrypted, keys::encrypted_seeds;
}

/// Puts the bytes into a file, and gives its path to the reader.
fn in_file<T>(bytes: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(bytes).expect("a temporary file can be written");
    read(file.path())
}

/// Seeds that are texts.
fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}
