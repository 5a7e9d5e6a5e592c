//! Commands: a file each, with its arguments, its help and what it does.

mod account;
mod artifact;
mod attach;
mod audit;
mod completions;
mod csc;
mod edit;
mod export;
mod function;
mod gate;
mod graph;
mod hook;
mod hooks;
mod import;
mod init;
mod inspect;
mod job;
mod judge;
mod key;
mod layer;
mod layer_arg;
mod man;
mod manifests;
mod monitor;
mod package;
mod policy;
mod profile;
mod release;
mod sign;
mod stackset;
mod statement;
mod verify;

use anyhow::Result;
use clap::Subcommand;

use crate::context::GlobalArgs;
use crate::output::Exit;

/// What countersign can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make an account: root and signing keys, first profile and CSC, sealed and pinned
    Init(init::Args),
    /// Make deterministic ZIPs of the workspace's functions and layers
    Package(package::Args),
    /// Sign artifacts with a signing profile
    Sign(sign::Args),
    /// Verify artifacts against a code signing config
    Verify(verify::Args),
    /// Package, sign and verify the workspace
    Release(release::Args),
    /// Verify, then run a deploy command on exactly the verified bytes; or judge a plan
    Gate(gate::Args),
    /// Show what a manifest, a package or a policy directory holds
    Inspect(inspect::Args),
    /// Make and end signing profiles, and say who may sign with them
    #[command(subcommand)]
    Profile(profile::Command),
    /// Make and change code signing configs: whose signatures count, and what if none does
    #[command(subcommand)]
    Csc(csc::Command),
    /// Say which CSC governs which functions and layers
    #[command(subcommand)]
    Function(function::Command),
    /// Pin other accounts, bring their policies here, and say who is in an organisation
    #[command(subcommand)]
    Account(account::Command),
    /// Record, list and revoke signing jobs
    #[command(subcommand)]
    Job(job::Command),
    /// Publish versions of layers, say who may use them, and bring them from elsewhere
    #[command(subcommand)]
    Layer(layer::Command),
    /// Make, show and revoke keys
    #[command(subcommand)]
    Key(key::Command),
    /// Revoke artifacts by their digest
    #[command(subcommand)]
    Artifact(artifact::Command),
    /// Look at, seal, pin and fetch the policy, and change who may seal it
    #[command(subcommand)]
    Policy(policy::Command),
    /// Roll the sealed policy out to other repositories, and see what became of it there
    #[command(subcommand)]
    Stackset(stackset::Command),
    /// Put the sealed policy into AWS's words: CloudFormation, stack sets, IAM
    #[command(subcommand)]
    Export(export::Command),
    /// Take CSCs and profiles from AWS's answers into the policy
    Import(import::Args),
    /// Attach manifests to a commit, as git notes
    Attach(attach::Attach),
    /// Take manifests from a commit
    Detach(attach::Detach),
    /// Show what is attached to a commit, and fetch and push it
    Manifests(manifests::Args),
    /// Hold what is deployed against what is signed, and find what is not covered today
    Audit(audit::Args),
    /// Draw who trusts whom: principals, profiles, CSCs and functions
    Graph(graph::Args),
    /// Judge a push, for git's hooks
    #[command(subcommand)]
    Hook(hook::Command),
    /// Put git hooks into a repository that ask before a push, take them out, and look at them
    #[command(subcommand)]
    Hooks(hooks::Command),
    /// Ask the journals for which functions it is safe to enforce, and what to mend for the others
    Monitor(monitor::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print or write the manual pages
    Man(man::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        match self {
            Self::Init(args) => args.run(global),
            Self::Package(args) => args.run(global),
            Self::Sign(args) => args.run(global),
            Self::Verify(args) => args.run(global),
            Self::Release(args) => args.run(global),
            Self::Gate(args) => args.run(global),
            Self::Inspect(args) => args.run(),
            Self::Profile(command) => command.run(global),
            Self::Csc(command) => command.run(global),
            Self::Function(command) => command.run(global),
            Self::Account(command) => command.run(global),
            Self::Job(command) => command.run(global),
            Self::Layer(command) => command.run(global),
            Self::Key(command) => command.run(global),
            Self::Artifact(command) => command.run(global),
            Self::Policy(command) => command.run(global),
            Self::Stackset(command) => command.run(global),
            Self::Export(command) => command.run(global),
            Self::Import(args) => args.run(global),
            Self::Attach(args) => args.run(global),
            Self::Detach(args) => args.run(global),
            Self::Manifests(args) => args.run(global),
            Self::Audit(args) => args.run(global),
            Self::Graph(args) => args.run(global),
            Self::Hook(command) => command.run(global),
            Self::Hooks(command) => command.run(),
            Self::Monitor(args) => args.run(global),
            Self::Completions(args) => args.run(),
            Self::Man(args) => args.run(),
        }
    }
}
