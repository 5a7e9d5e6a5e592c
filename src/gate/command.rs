//! The deploy command: its words, and where the paths of the verified copies are inserted.
//!
//! ```text
//! {artifact}       the copy of the function's package
//! {manifest}       the copy of its manifest
//! {layer:NAME}     the copy of a layer's package
//! ```
//! A placeholder can be part of a word, as in `fileb://{artifact}`. Braces that look like a mistyped
//! placeholder (`{artefact}`, `{layer:other}`) are refused; other braces belong to the command (`{"a": 1}`,
//! `${VAR}`, `{}`, `{Name: name}`). A word that names the original file is refused, since its bytes are not
//! the verified ones.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::hint::Hint;
use crate::name::ArtifactName;

/// Why a command is not run, whatever the verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Braces that look like a placeholder.
    #[error("`{0}` is not a placeholder")]
    Unknown(String),
    /// A layer that was not passed.
    #[error("`{{layer:{0}}}` names a layer that was not passed")]
    UnknownLayer(String),
    /// Several layers have the name: two accounts may each have one.
    #[error("`{{layer:{0}}}` is ambiguous: two layers have this name")]
    TwoLayers(String),
    /// Nothing passes the copy to the command.
    #[error("the command has no `{{artifact}}`, so it would not deploy the verified copy")]
    NoArtifact,
    /// A word is the path of the original file.
    #[error("`{0}` in the command is the original file, not the verified copy")]
    Original(String),
    /// There is no manifest for the placeholder.
    #[error("the command has `{{manifest}}`, but `{}` has no manifest", .0.display())]
    NoManifest(std::path::PathBuf),
}

impl Hint for CommandError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Unknown(_) => {
                "write `{artifact}`, `{manifest}` or `{layer:NAME}`; move other words in braces to a script"
            }
            Self::UnknownLayer(_) => "pass it with `--layer NAME=FILE`, or correct the name",
            Self::TwoLayers(_) => "publish one of the two under another name: two accounts use this one",
            Self::NoArtifact => {
                "write `{artifact}` in place of the package's path, or pass `--env` if the command \
                reads COUNTERSIGN_ARTIFACT"
            }
            Self::Original(_) => "write `{artifact}` or `{layer:NAME}` in its place",
            Self::NoManifest(_) => "sign the package, or remove the placeholder",
        };
        Some(hint.into())
    }
}

/// How a command gets the path of the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finds {
    /// By `{artifact}` in its words.
    Placeholder,
    /// From the variable `COUNTERSIGN_ARTIFACT`, as the caller claims.
    Variable,
}

/// A command with parsed placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    program: OsString,
    arguments: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(OsString),
    Artifact,
    Manifest,
    Layer(ArtifactName),
}

/// The paths that replace the placeholders.
pub struct Paths<'a> {
    /// The function's package.
    pub artifact: &'a Path,
    /// Its manifest, if it has one.
    pub manifest: Option<&'a Path>,
    /// The layers' packages.
    pub layers: Vec<(&'a ArtifactName, &'a Path)>,
}

impl CommandLine {
    /// Parses a command: a program, and arguments that pass it the copies of `originals`.
    ///
    /// Reads the metadata of files to check that no argument leads to one of the originals.
    pub fn new(
        program: &OsStr,
        arguments: &[OsString],
        layers: &[ArtifactName],
        originals: &[&Path],
        finds: Finds,
    ) -> Result<Self, CommandError> {
        if let Some(word) = arguments.iter().find(|word| originals.iter().any(|each| leads_to(word, each))) {
            return Err(CommandError::Original(word.to_string_lossy().into_owned()));
        }
        let arguments =
            arguments.iter().map(|word| Word::new(word, layers)).collect::<Result<Vec<_>, _>>()?;
        let line = Self { program: program.into(), arguments };
        if finds == Finds::Placeholder && !line.says(&Piece::Artifact) {
            return Err(CommandError::NoArtifact);
        }
        Ok(line)
    }

    /// Whether it contains `{manifest}`.
    pub fn needs_manifest(&self) -> bool {
        self.says(&Piece::Manifest)
    }

    /// The program.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    fn says(&self, piece: &Piece) -> bool {
        self.arguments.iter().any(|Word(pieces)| pieces.contains(piece))
    }

    /// The arguments with these paths inserted.
    pub(super) fn arguments(&self, paths: &Paths<'_>) -> Vec<OsString> {
        let path = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Artifact => paths.artifact.into(),
            Piece::Manifest => paths.manifest.map(OsString::from).unwrap_or_default(),
            Piece::Layer(name) => {
                let layer = paths.layers.iter().find(|(each, _)| *each == name);
                layer.map(|(_, path)| path.as_os_str().to_owned()).unwrap_or_default()
            }
        };
        self.arguments.iter().map(|Word(pieces)| pieces.iter().map(path).collect()).collect()
    }
}

impl std::fmt::Display for CommandLine {
    /// The command as it was passed, with words that contain spaces in quotes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.to_string_lossy().into_owned(),
            Piece::Artifact => "{artifact}".into(),
            Piece::Manifest => "{manifest}".into(),
            Piece::Layer(name) => format!("{{layer:{name}}}"),
        };
        f.write_str(&self.program.to_string_lossy())?;
        for Word(pieces) in &self.arguments {
            let word: String = pieces.iter().map(piece).collect();
            let quoted = word.is_empty() || word.contains(char::is_whitespace);
            if quoted { write!(f, " '{word}'")? } else { write!(f, " {word}")? }
        }
        Ok(())
    }
}

impl Word {
    fn new(word: &OsStr, layers: &[ArtifactName]) -> Result<Self, CommandError> {
        let Some(mut rest) = word.to_str() else {
            // A word that is not UTF-8 has no placeholder, and its braces are not checked.
            return Ok(Self(vec![Piece::Text(word.into())]));
        };
        let (mut pieces, mut text) = (Vec::new(), String::new());
        while let Some(start) = rest.find('{') {
            let (before, braces) = rest.split_at(start);
            text.push_str(before);
            let inner = braces[1..].split_once('}').map(|(inner, _)| inner);
            // `${name}` belongs to the shell.
            let inner = inner.filter(|_| !text.ends_with('$'));
            match inner.map(|inner| placeholder(inner, layers)).transpose()?.flatten() {
                Some(piece) => {
                    pieces.extend([Piece::Text(std::mem::take(&mut text).into()), piece]);
                    rest = &braces[inner.map_or(0, str::len) + 2..];
                }
                None => {
                    text.push('{');
                    rest = &braces[1..];
                }
            }
        }
        text.push_str(rest);
        pieces.push(Piece::Text(text.into()));
        Ok(Self(pieces))
    }
}

/// The placeholder in a pair of braces; `None` if the braces belong to the command.
fn placeholder(inner: &str, layers: &[ArtifactName]) -> Result<Option<Piece>, CommandError> {
    let (name, of) = inner.split_once(':').map_or((inner, None), |(name, of)| (name, Some(of)));
    let is_word =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    match (name, of) {
        ("artifact", None) => Ok(Some(Piece::Artifact)),
        ("manifest", None) => Ok(Some(Piece::Manifest)),
        ("layer", Some(of)) => {
            let mut named = layers.iter().filter(|layer| layer.as_str() == of);
            match (named.next(), named.next()) {
                (Some(layer), None) => Ok(Some(Piece::Layer(layer.clone()))),
                (Some(_), Some(_)) => Err(CommandError::TwoLayers(of.into())),
                (None, _) => Err(CommandError::UnknownLayer(of.into())),
            }
        }
        (name, None) if is_word(name) => Err(CommandError::Unknown(format!("{{{inner}}}"))),
        ("artifact" | "manifest" | "layers", Some(_)) => Err(CommandError::Unknown(format!("{{{inner}}}"))),
        _ => Ok(None),
    }
}

/// Whether a word, or a path that tools accept inside one, leads to the file.
fn leads_to(word: &OsStr, original: &Path) -> bool {
    let Ok(original) = original.canonicalize() else { return false };
    let is_original = |path: &OsStr| Path::new(path).canonicalize().is_ok_and(|path| path == original);
    let text = word.to_str().unwrap_or_default();
    let parts =
        ["=", "fileb://", "file://", "@"].into_iter().filter_map(|mark| Some(text.split_once(mark)?.1));
    is_original(word) || parts.map(OsStr::new).any(is_original)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> Result<CommandLine, CommandError> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let layers = ["base", "twin", "twin"].map(|name| name.parse().unwrap());
        CommandLine::new("aws".as_ref(), &words, &layers, &[Path::new("Cargo.toml")], Finds::Placeholder)
    }

    fn filled(words: &[&str]) -> Vec<OsString> {
        let base = "base".parse().unwrap();
        let paths = Paths {
            artifact: Path::new("/t/a.zip"),
            manifest: Some(Path::new("/t/a.json")),
            layers: vec![(&base, Path::new("/t/b.zip"))],
        };
        line(words).unwrap().arguments(&paths)
    }

    #[test]
    fn placeholders_stand_anywhere_in_a_word() {
        assert_eq!(filled(&["fileb://{artifact}"]), ["fileb:///t/a.zip"]);
        assert_eq!(filled(&["{artifact}{manifest}", "a{layer:base}b"]), ["/t/a.zip/t/a.json", "a/t/b.zipb"]);
    }

    #[test]
    fn each_layer_has_its_own_path() {
        let (base, more) = ("base".parse().unwrap(), "more".parse().unwrap());
        let words = ["{artifact}", "{layer:more}", "{layer:base}"].map(OsString::from);
        let layers: [ArtifactName; 2] = [base, more];
        let line = CommandLine::new("aws".as_ref(), &words, &layers, &[], Finds::Placeholder).unwrap();
        let paths = Paths {
            artifact: Path::new("a.zip"),
            manifest: None,
            layers: vec![(&layers[0], Path::new("b.zip")), (&layers[1], Path::new("m.zip"))],
        };
        assert_eq!(line.arguments(&paths), ["a.zip", "m.zip", "b.zip"]);
    }

    #[test]
    fn a_command_says_whether_it_needs_the_manifest() {
        assert!(line(&["{artifact}", "{manifest}"]).unwrap().needs_manifest());
        assert!(!line(&["{artifact}"]).unwrap().needs_manifest());
    }

    #[test]
    fn a_command_that_reads_the_variable_needs_no_placeholder() {
        let line = CommandLine::new("aws".as_ref(), &[], &[], &[], Finds::Variable);
        assert!(line.is_ok_and(|line| line.arguments.is_empty()));
    }

    #[test]
    fn other_braces_are_the_commands_own() {
        for word in [
            "{}",
            r#"{"a": {"b": 1}}"#,
            "${artifact}",
            "${HOME}",
            "{Name:name}",
            "{a,b}",
            "{",
            "}{",
            "{é}",
            "[].{A: b}",
        ] {
            assert_eq!(filled(&[word, "{artifact}"]), [word, "/t/a.zip"]);
        }
    }

    #[test]
    fn what_is_nearly_a_placeholder_is_refused() {
        for word in [
            "{artefact}",
            "{function}",
            "{my_file}",
            "x{manifests}",
            "{layer}",
            "{layers:base}",
            "{artifact:x}",
        ] {
            assert!(matches!(line(&[word, "{artifact}"]), Err(CommandError::Unknown(_))), "{word}");
        }
        assert_eq!(line(&["{layer:bse}", "{artifact}"]), Err(CommandError::UnknownLayer("bse".into())));
        assert_eq!(line(&["{layer:twin}", "{artifact}"]), Err(CommandError::TwoLayers("twin".into())));
        assert_eq!(line(&["deploy", "{manifest}"]), Err(CommandError::NoArtifact));
        assert_eq!(line(&[]), Err(CommandError::NoArtifact));
    }

    #[test]
    fn the_original_is_no_argument() {
        for word in [
            "Cargo.toml",
            "./Cargo.toml",
            "src/../Cargo.toml",
            "--zip=Cargo.toml",
            "fileb://Cargo.toml",
            "@Cargo.toml",
        ] {
            assert!(matches!(line(&[word, "{artifact}"]), Err(CommandError::Original(_))), "{word}");
        }
        assert!(line(&["s3://bucket/Cargo.toml", "{artifact}"]).is_ok());
        assert!(line(&["Cargo.lock", "{artifact}"]).is_ok());
        let words = ["{artifact}", "Cargo.lock"].map(OsString::from);
        let originals = ["Cargo.toml", "Cargo.lock"].map(Path::new);
        let line = CommandLine::new("aws".as_ref(), &words, &[], &originals, Finds::Placeholder);
        assert_eq!(line, Err(CommandError::Original("Cargo.lock".into())));
    }
}
