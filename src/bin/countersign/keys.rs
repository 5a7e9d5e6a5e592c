//! The keys and passphrases of a command.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use countersign::crypto::any::AnyKey;
use countersign::crypto::key::PublicKey;
use countersign::crypto::pem::with_line_breaks;
use countersign::crypto::secret::{self, Passphrase, SecretKey};
use countersign::files::{self, program};
use countersign::limits::KEY_BYTES_MAX;
use countersign::report::escape::line;
use zeroize::Zeroizing;

use crate::output::{is_interactive, refuse};

/// Which key signs.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// Signing key: a PKCS#8 PEM file, or `env:NAME` for a variable [default: `git config countersign.key`,
    /// then the account's own key]
    #[arg(long, value_name = "KEY", env = "COUNTERSIGN_KEY", hide_env_values = true)]
    pub key: Option<String>,
    #[command(flatten)]
    pub passphrase: PassphraseArgs,
}

/// Where the passphrase comes from.
#[derive(Debug, Default, Args)]
pub struct PassphraseArgs {
    /// File with the passphrase on its first line [default: COUNTERSIGN_PASSPHRASE, or a prompt]
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// Removes the variable of a key, `env:NAME`, from the environment of every program that is started.
pub fn withhold_named(key: Option<&str>) {
    if let Some(variable) = key.and_then(|key| key.strip_prefix("env:")) {
        program::withhold(variable);
    }
}

/// Loads the secret key that a text names: `env:NAME` or a file.
pub fn load_key(named: &str, passphrase: &PassphraseArgs) -> Result<SecretKey> {
    let (pem, what) = read_key(named, KEY_HINT)?;
    open_key(&pem, &what, passphrase)
}

/// Loads a secret key from a file.
pub fn load_key_file(path: &Path, passphrase: &PassphraseArgs) -> Result<SecretKey> {
    let (pem, what) = read_key_file(path, KEY_HINT)?;
    open_key(&pem, &what, passphrase)
}

/// Loads the key that a text names, public or secret: `env:NAME` or a file.
pub fn load_any_key(named: &str, args: &PassphraseArgs) -> Result<AnyKey> {
    let hint = "name a PEM file with a public or secret key, or `env:NAME`";
    let (pem, what) = read_key(named, hint)?;
    let passphrase = args.for_key(&pem, &what)?;
    AnyKey::from_pem(&pem, passphrase.as_ref()).with_context(|| format!("cannot use {what}"))
}

/// Loads the public key that a text names, by itself or by its secret key: `env:NAME` or a file.
pub fn load_public_key(named: &str, passphrase: &PassphraseArgs) -> Result<PublicKey> {
    Ok(load_any_key(named, passphrase)?.public())
}

const KEY_HINT: &str =
    "pass the path of your key with `--key`, or create one: `countersign key generate --output FILE`";

/// The PEM that a text names, and what it is called; the hint is for a file that does not exist.
fn read_key(named: &str, hint: &str) -> Result<(Zeroizing<String>, String)> {
    withhold_named(Some(named));
    check_is_no_key(named)?;
    if let Some(name) = named.strip_prefix("env:") {
        if !is_variable(name) {
            return Err(refuse("the text after `env:` is not a variable name", "write `env:NAME`"));
        }
        let pem = std::env::var(name).map(Zeroizing::new);
        let pem = pem.map_err(|_| {
            refuse(
                format!("environment variable `{name}` is not set"),
                "set it to the content of the key file",
            )
        })?;
        return Ok((with_line_breaks(&pem), format!("the key in `{name}`")));
    }
    if let Some((scheme, _)) =
        named.split_once(':').filter(|(scheme, _)| matches!(*scheme, "awskms" | "pkcs11"))
    {
        return Err(refuse(
            format!("this build has no support for `{scheme}:` keys"),
            "name a PEM file or `env:NAME`",
        ));
    }
    read_key_file(Path::new(named), hint)
}

/// Refuses a key where its name belongs, before anything repeats it: a log is read by many.
fn check_is_no_key(named: &str) -> Result<()> {
    if named.contains("-----BEGIN") {
        return Err(refuse(
            "the value is a key, expected a file or variable name",
            "set a variable, such as SIGNING_KEY, to the key, and pass `--key env:SIGNING_KEY`",
        ));
    }
    Ok(())
}

/// Whether the text is a variable's name, and too short to be a key.
fn is_variable(name: &str) -> bool {
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_word && (1..=100).contains(&name.len()) && !name.as_bytes()[0].is_ascii_digit()
}

fn read_key_file(path: &Path, hint: &str) -> Result<(Zeroizing<String>, String)> {
    check_is_no_key(&path.to_string_lossy())?;
    let Some(bytes) = files::read_if_exists(path, KEY_BYTES_MAX)?.map(Zeroizing::new) else {
        return Err(refuse(format!("key file `{}` does not exist", path.display()), hint));
    };
    let pem = std::str::from_utf8(&bytes).with_context(|| format!("`{}` is not PEM", path.display()))?;
    Ok((with_line_breaks(pem), format!("`{}`", path.display())))
}

fn open_key(pem: &str, what: &str, args: &PassphraseArgs) -> Result<SecretKey> {
    let passphrase = args.for_key(pem, what)?;
    SecretKey::from_pem(pem, passphrase.as_ref()).with_context(|| format!("cannot use {what}"))
}

impl PassphraseArgs {
    /// A passphrase from the file, the variable or a prompt; nothing if the key needs none or there is none.
    fn for_key(&self, pem: &str, what: &str) -> Result<Option<Passphrase>> {
        if !secret::is_encrypted(pem) {
            return Ok(None);
        }
        if let Some(given) = self.given()? {
            return Ok(Some(given));
        }
        if !is_interactive() {
            return Ok(None);
        }
        Ok(Some(Passphrase::new(rpassword::prompt_password(format!("passphrase for {}: ", line(what)))?)))
    }

    /// A passphrase for new keys: given, or asked for twice. `plaintext` is the option to go without.
    pub fn for_new_keys(&self, plaintext: &str) -> Result<Passphrase> {
        if let Some(given) = self.given()? {
            if given.is_empty() {
                return Err(refuse("the passphrase is empty", "write it on the first line of the file"));
            }
            return Ok(given);
        }
        if !is_interactive() {
            return Err(refuse(
                "new keys need a passphrase",
                format!(
                    "set COUNTERSIGN_PASSPHRASE, name a file with `--passphrase-file`, or use `{plaintext}`"
                ),
            ));
        }
        let first = Passphrase::new(rpassword::prompt_password("new passphrase: ")?);
        let again = Passphrase::new(rpassword::prompt_password("again: ")?);
        if first != again || first.is_empty() {
            return Err(refuse("the two passphrases differ, or are empty", "try again"));
        }
        Ok(first)
    }

    fn given(&self) -> Result<Option<Passphrase>> {
        if let Some(path) = &self.passphrase_file {
            let bytes = Zeroizing::new(files::read(path, KEY_BYTES_MAX)?);
            let text = std::str::from_utf8(&bytes).context("the passphrase file is not UTF-8")?;
            return Ok(Some(Passphrase::new(text.lines().next().unwrap_or_default().into())));
        }
        let given = std::env::var("COUNTERSIGN_PASSPHRASE").ok().filter(|text| !text.is_empty());
        Ok(given.map(Passphrase::new))
    }
}
