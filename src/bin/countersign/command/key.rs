//! `countersign key`: new keys, what there is to know of a key, and the end of one.

use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::crypto::secret::SecretKey;
use countersign::files::{self, Access};
use countersign::report::escape::line;
use countersign::revocation::{Revocation, RevokedKey};
use countersign::time::Timestamp;
use serde::Serialize;

use super::edit::{self, ReasonArgs, in_the_past};
use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::keys::{PassphraseArgs, load_public_key};
use crate::output::{Exit, Format, note, print, print_json, refuse};

/// What can be done with keys.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Generate a secret key file, and its public key next to it
    Generate(GenerateArgs),
    /// Show the fingerprint and the public key of a key
    Show(ShowArgs),
    /// Revoke a key: all its signatures from a given time on
    Revoke(RevokeArgs),
}

/// Arguments of `key generate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Keep the secret key. Send the public key, `alice.pub.pem`, to the policy owner.\n\n\
    Example:\n  \
    countersign key generate --output alice.pem")]
pub struct GenerateArgs {
    /// File for the secret key, as PKCS#8 PEM; the public key goes next to it
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Write the key without a passphrase: anyone who can read the file can sign
    #[arg(long)]
    plaintext: bool,
}

/// Arguments of `key show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign key show alice.pub.pem\n  \
    countersign key show env:SIGNING_KEY --format json")]
pub struct ShowArgs {
    /// PEM file of a public or secret key, or `env:NAME` for a variable that has one
    key: String,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        match self {
            Self::Generate(args) => args.run(),
            Self::Show(args) => args.run(),
            Self::Revoke(args) => args.run(&Context::read(global)?),
        }
    }
}

impl GenerateArgs {
    fn run(self) -> Result<Exit> {
        let public_path = public_path(&self.output)?;
        for path in [&self.output, &public_path] {
            // A link that leads nowhere is there too.
            if path.symlink_metadata().is_ok() {
                let mut hint =
                    "name another file with `--output`: an existing key is not overwritten".to_owned();
                if public_path.symlink_metadata().is_err() {
                    let secret = self.output.display();
                    hint.push_str(&format!("; `countersign key show {secret}` prints its public key"));
                }
                return Err(refuse(format!("`{}` already exists", path.display()), hint));
            }
        }
        let passphrase =
            if self.plaintext { None } else { Some(self.passphrase.for_new_keys("--plaintext")?) };
        let key = SecretKey::generate()?;
        files::write_new(&[
            (&self.output, key.to_pem(passphrase.as_ref())?.as_bytes(), Access::Private),
            (&public_path, key.public().to_pem().as_bytes(), Access::Public),
        ])?;
        let shown = |path: &Path| line(&path.display().to_string());
        print(&format!(
            "key {} in {}, public key in {}\n",
            key.public().id(),
            shown(&self.output),
            shown(&public_path)
        ))?;
        Ok(Exit::Done)
    }
}

/// `alice.pub.pem` next to `alice.pem`.
fn public_path(secret: &Path) -> Result<PathBuf> {
    let hint = "name a file such as `alice.pem` with `--output`";
    let Some(name) = secret.file_name() else {
        return Err(refuse(format!("`{}` is not a file name", secret.display()), hint));
    };
    let mut name = Path::new(name).to_path_buf();
    if name.extension().is_some_and(|ending| ending == "pem") {
        name.set_extension("");
    }
    if name.extension().is_some_and(|ending| ending == "pub") {
        return Err(refuse(format!("`{}` is the name of a public key", secret.display()), hint));
    }
    let mut name = name.into_os_string();
    name.push(".pub.pem");
    Ok(secret.with_file_name(name))
}

#[derive(Serialize)]
struct Shown {
    schema_version: u32,
    fingerprint: String,
    public_key: String,
}

impl ShowArgs {
    fn run(self) -> Result<Exit> {
        let key = load_public_key(&self.key, &self.passphrase)?;
        let (fingerprint, public_key) = (key.id().to_string(), key.to_pem());
        match self.format {
            Format::Json => print_json(&Shown { schema_version: 1, fingerprint, public_key })?,
            Format::Text => print(&format!("{fingerprint}\n{public_key}"))?,
        }
        Ok(Exit::Done)
    }
}

/// Arguments of `key revoke`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "countersign key revoke [OPTIONS] --effective <TIME>\n       --reason-code <CODE> --reason <TEXT> <KEY>",
    after_help = "\
    After `keyCompromise`, only signatures that the sealed ledger recorded before the effective time stay \
    valid. A key of the root or policy role is not revoked but replaced, with `countersign policy \
    rotate-root`.\n\n\
    Example:\n  \
    countersign key revoke ci.pub.pem --effective 2026-01-31T12:00:00Z \\\n    \
    --reason-code keyCompromise --reason 'laptop stolen'"
)]
pub struct RevokeArgs {
    /// Key to revoke: its fingerprint, or a PEM file
    key: String,
    /// Time from which signatures are void; a later revocation can only move it earlier
    #[arg(long, value_name = "TIME")]
    effective: Timestamp,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

impl RevokeArgs {
    fn run(self, context: &Context) -> Result<Exit> {
        let key = match self.key.parse() {
            Ok(fingerprint) => fingerprint,
            Err(_) => load_public_key(&self.key, &PassphraseArgs::default())?.id(),
        };
        let editor = edit::editor(context, &self.trust)?;
        let held: Vec<&str> = [("root", editor.root().root()), ("policy", editor.root().policy())]
            .into_iter()
            .filter(|(_, role)| role.keys().iter().any(|holder| holder.id() == key))
            .map(|(name, _)| name)
            .collect();
        let revocation = Revocation::Key(RevokedKey {
            key,
            effective: in_the_past(self.effective, context.now)?,
            revoked_at: context.now,
            reason_code: self.reason.reason_code,
            reason: self.reason.reason,
        });
        let differences = editor.revoke(&revocation)?;
        for role in held {
            warn_of_role(role);
        }
        edit::show(&differences)
    }
}

/// A revocation voids artifacts' signatures; who seals is for the root to say.
fn warn_of_role(role: &str) {
    note(&format!(
        "the key still has the {role} role: remove it with `countersign policy rotate-root \
                 --remove-{role}-key`"
    ));
}
