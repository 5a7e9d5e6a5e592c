//! The source: a folder of a remote repository at a ref.
//!
//! ```text
//! https://git.acme.example/security/policy.git              its HEAD
//! git@git.acme.example:security/policy.git#main             a branch or a tag
//! file:///srv/git/security.git#v7:teams/policy              a folder inside
//! ```
//! Parsing fails for anything that the `git` program could take for an option, a command or another
//! transport.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::without_credentials;
use crate::hint::Hint;

/// The schemes that a URL can have; `ext::` and the like would run a command.
pub const SCHEMES: [&str; 5] = ["file", "git", "http", "https", "ssh"];

/// Longest source, in bytes: longer than any URL that servers accept.
const TEXT_BYTES_MAX: usize = 4096;

/// Why a text is not a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the URL of a git repository: {reason}")]
pub struct SourceError {
    text: String,
    reason: &'static str,
}

impl Hint for SourceError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        Some("use `https://HOST/PATH`, `ssh://HOST/PATH` or `USER@HOST:PATH`, with an optional `#REF`".into())
    }
}

/// A repository's URL: one of [`SCHEMES`], or `user@host:path` for SSH.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RemoteUrl(String);

/// A branch, a tag, a full commit id or `HEAD`, in the remote repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefName(pub(super) String);

/// A folder of a remote repository at a ref: `URL`, `URL#REF` or `URL#REF:FOLDER`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    url: RemoteUrl,
    reference: RefName,
    folder: String,
}

impl Source {
    /// The repository.
    pub fn url(&self) -> &RemoteUrl {
        &self.url
    }

    /// The ref; `HEAD` if the text has none.
    pub fn reference(&self) -> &RefName {
        &self.reference
    }

    /// The folder, `/`-separated; empty for the top.
    pub fn folder(&self) -> &str {
        &self.folder
    }
}

impl RemoteUrl {
    /// The URL for `git`, with any credentials.
    pub fn with_credentials(&self) -> &str {
        &self.0
    }

    /// Removes the credentials of the URL from a text.
    pub fn redact(&self, text: &str) -> String {
        let text = text.replace(&self.0, &self.to_string());
        match self.credentials() {
            Some(credentials) => text.replace(&format!("{credentials}@"), ""),
            None => text,
        }
    }

    /// Whether the URL contains a secret: a password, or a token in a web server's URL.
    pub fn has_secret(&self) -> bool {
        let is_web = self.0.starts_with("http");
        self.credentials().is_some_and(|credentials| is_web || credentials.contains(':'))
    }

    fn credentials(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("://")?;
        Some(rest.split('/').next()?.rsplit_once('@')?.0)
    }
}

impl RefName {
    /// The `HEAD` of a repository.
    pub fn head() -> Self {
        Self("HEAD".into())
    }

    /// The ref's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a URL is refused, or `None`.
fn fault(url: &str) -> Option<&'static str> {
    if url.is_empty() || url.len() > TEXT_BYTES_MAX {
        return Some("it is empty or too long");
    }
    if url.starts_with('-') {
        return Some("git would take it for an option");
    }
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("it contains white space or control characters");
    }
    let authority = if let Some((scheme, rest)) = url.split_once("://") {
        if !SCHEMES.contains(&scheme) {
            return Some("expected one of the schemes: file, git, http, https, ssh");
        }
        rest.split('/').next().unwrap_or_default()
    } else {
        let (host, path) = url.split_once(':').unwrap_or_default();
        if host.is_empty() || path.is_empty() || host.contains('/') || path.starts_with(':') {
            return Some("it has no scheme, and is not of the form `user@host:path`");
        }
        host
    };
    // `ssh` treats such a user or host as an option.
    authority
        .split('@')
        .any(|part| part.starts_with('-'))
        .then_some("its user or host starts with `-`, like an option")
}

impl FromStr for RemoteUrl {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        match fault(text) {
            Some(reason) => Err(refused(text, reason)),
            None => Ok(Self(text.into())),
        }
    }
}

impl FromStr for RefName {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        // In a refspec, `+` forces and `^` excludes; git's own rules forbid the rest.
        let is_name = git2::Reference::is_valid_name(&format!("refs/heads/{text}"));
        if text.starts_with(['-', '+']) || text.len() > TEXT_BYTES_MAX || !is_name {
            return Err(refused(text, "its ref is not a branch, a tag or a commit id"));
        }
        Ok(Self(text.into()))
    }
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let (url, rest) = text.split_once('#').map_or((text, None), |(url, rest)| (url, Some(rest)));
        let url = url.parse()?;
        let Some(rest) = rest else {
            return Ok(Self { url, reference: RefName::head(), folder: String::new() });
        };
        let (reference, folder) = rest.split_once(':').map_or((rest, None), |(r, f)| (r, Some(f)));
        let reference = reference.parse()?;
        if folder.is_some_and(|folder| !is_folder(folder)) {
            return Err(refused(text, "its folder is not a relative path without `.` and `..`"));
        }
        Ok(Self { url, reference, folder: folder.unwrap_or_default().into() })
    }
}

pub(super) fn is_folder(text: &str) -> bool {
    let plain = |name: &str| !matches!(name, "" | "." | "..");
    text.len() <= TEXT_BYTES_MAX
        && text.split('/').all(plain)
        && !text.contains(['\\', ':'])
        && !text.chars().any(char::is_control)
}

fn refused(text: &str, reason: &'static str) -> SourceError {
    SourceError { text: crate::shown::shortened(&without_credentials(text)).into_owned(), reason }
}

impl fmt::Display for Source {
    /// The text that parses to this source, with its credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.with_credentials())?;
        match (self.reference.as_str(), self.folder.as_str()) {
            ("HEAD", "") => Ok(()),
            (reference, "") => write!(f, "#{reference}"),
            (reference, folder) => write!(f, "#{reference}:{folder}"),
        }
    }
}

impl fmt::Display for RemoteUrl {
    /// The URL for people: without user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_credentials(&self.0))
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteUrl({self})")
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

countersign_verify::text_form!(read RemoteUrl);

countersign_verify::text_form!(Source);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_reads_what_it_writes() {
        for (text, reference, folder) in [
            ("https://example.com/policy.git", "HEAD", ""),
            ("https://ci:token@example.com/policy.git#main", "main", ""),
            ("git@example.com:acme/policy.git#refs/tags/v1", "refs/tags/v1", ""),
            ("example.com:policy#feature/#7:a/b", "feature/#7", "a/b"),
            ("ssh://git@example.com:22/policy", "HEAD", ""),
            ("file:///srv/policy.git#HEAD:policy", "HEAD", "policy"),
        ] {
            let source: Source = text.parse().unwrap();
            assert_eq!((source.reference().as_str(), source.folder()), (reference, folder));
            assert_eq!(source.to_string(), text);
        }
    }

    #[test]
    fn what_git_could_misread_is_no_source() {
        for text in [
            "",
            "#main",
            "policy",
            "../policy",
            "/srv/policy.git",
            "--upload-pack=touch x",
            "--upload-pack=touch:x",
            "-oProxyCommand=x:y",
            "-oProxyCommand=x@example.com:y",
            "git@-oProxyCommand=x:y",
            "ssh://-oProxyCommand=x/y",
            "ssh://git@-oProxyCommand=x/y",
            "ext::sh -c touch% x",
            "ext::sh",
            "ext://sh/x",
            "fd::17",
            "HTTPS://example.com/x",
            "https://example.com/x y",
            "https://example.com/x\n",
            "https://example.com/x#",
            "https://example.com/x#-x",
            "https://example.com/x#+main",
            "https://example.com/x#^main",
            "https://example.com/x#a..b",
            "https://example.com/x#a b",
            "https://example.com/x#*",
            "https://example.com/x#main:",
            "https://example.com/x#main:../y",
            "https://example.com/x#main:/y",
            "https://example.com/x#main:a//b",
            "https://example.com/x#main:a\\b",
            "https://example.com/x#main:a:b",
        ] {
            assert!(text.parse::<Source>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_secret_in_a_url_is_seen() {
        let has = |text: &str| text.parse::<RemoteUrl>().unwrap().has_secret();
        assert!(has("https://token@example.com/x") && has("ssh://git:word@example.com/x"));
        assert!(
            !has("ssh://git@example.com/x") && !has("git@example.com:x") && !has("https://example.com/a@b")
        );
    }

    #[test]
    fn nobody_is_shown_a_password() {
        let source: Source = "https://ci:token@example.com/policy.git".parse().unwrap();
        assert_eq!(source.url().to_string(), "https://example.com/policy.git");
        assert!(!format!("{source:?}").contains("token"));
        let said = "cannot reach https://ci:token@example.com/policy.git or https://ci:token@example.com/x";
        assert!(!source.url().redact(said).contains("token"));
        let error = "https://ci:token@example.com/x y".parse::<Source>().unwrap_err();
        assert!(!error.to_string().contains("token"), "{error}");
    }
}
