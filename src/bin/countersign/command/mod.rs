//! Commands: one file each, with its arguments, its help and its code.

mod account;
mod artifact;
mod audit;
mod completions;
mod csc;
mod deployed_as;
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
mod join;
mod key;
mod layer;
mod layer_arg;
mod man;
mod manifest;
mod monitor;
mod package;
mod packaging;
mod policy;
mod profile;
mod release;
mod sign;
mod stackset;
mod statement;
mod task;
mod verify;
mod view;
mod workspace;

use anyhow::Result;
use clap::Subcommand;

use crate::context::GlobalArgs;
use crate::output::Exit;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create an account: keys, a policy, a first profile and CSC
    Init(init::Args),
    /// Use an account's policy in this repository, and remember its pin
    Join(join::Args),
    /// Package functions and layers into deterministic ZIPs
    Package(package::Args),
    /// Sign artifacts with a signing profile
    Sign(sign::Args),
    /// Verify artifacts against a code signing config (CSC)
    Verify(verify::Args),
    /// Package, sign and verify the workspace
    Release(release::Args),
    /// Verify, then run a deploy command on the verified bytes
    Gate(gate::Args),
    /// Show a manifest, a package or a policy directory
    Inspect(inspect::Args),
    /// Manage signing profiles, and who may sign with them
    #[command(subcommand)]
    Profile(profile::Command),
    /// Manage code signing configs (CSCs): publishers, Warn or Enforce
    #[command(subcommand)]
    Csc(csc::Command),
    /// Assign CSCs to functions and layers
    #[command(subcommand)]
    Function(function::Command),
    /// Trust other accounts, and manage an organization
    #[command(subcommand)]
    Account(account::Command),
    /// Record, list and revoke signing jobs
    #[command(subcommand)]
    Job(job::Command),
    /// Publish layer versions, share them and fetch them
    #[command(subcommand)]
    Layer(layer::Command),
    /// Generate, show and revoke keys
    #[command(subcommand)]
    Key(key::Command),
    /// Revoke artifacts by their digest
    #[command(subcommand)]
    Artifact(artifact::Command),
    /// Review, seal, pin and fetch the policy
    #[command(subcommand)]
    Policy(policy::Command),
    /// Roll out the sealed policy to other repositories
    #[command(subcommand)]
    Stackset(stackset::Command),
    /// Export the policy as CloudFormation, stack sets or IAM
    #[command(subcommand)]
    Export(export::Command),
    /// Import CSCs and signing profiles from AWS CLI output
    Import(import::Args),
    /// Manage the manifests that are attached to a commit
    #[command(subcommand, alias = "manifests")]
    Manifest(manifest::Command),
    /// Compare deployed code with signed code
    Audit(audit::Args),
    /// List functions and layers, split them for a CI matrix
    #[command(subcommand)]
    Workspace(workspace::Command),
    /// Draw principals, profiles, CSCs and functions
    Graph(graph::Args),
    /// Verify a push; git hooks call this
    #[command(subcommand, hide = true)]
    Hook(hook::Command),
    /// Install, remove and inspect git hooks
    #[command(subcommand)]
    Hooks(hooks::Command),
    /// Report which functions are ready for Enforce
    Monitor(monitor::Args),
    /// Print a shell completion script
    Completions(completions::Args),
    /// Print or write the manual pages
    Man(man::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        match self {
            Self::Init(args) => args.run(global),
            Self::Join(args) => args.run(global),
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
            Self::Manifest(command) => command.run(global),
            Self::Audit(args) => args.run(global),
            Self::Workspace(command) => command.run(global),
            Self::Graph(args) => args.run(global),
            Self::Hook(command) => command.run(global),
            Self::Hooks(command) => command.run(),
            Self::Monitor(args) => args.run(global),
            Self::Completions(args) => args.run(),
            Self::Man(args) => args.run(),
        }
    }
}
