//! Where deploy tools find the files that a template names.
//!
//! The gate opens a path as the system does: links first, then `..`. The AWS CLI and SAM remove `..` from the
//! text (`os.path.normpath`), `sam build` starts from the real folder of a template that is a symbolic link,
//! and both first check whether the path is a file relative to the current folder. A path counts only if all
//! of them find the same file.

use std::path::{Component, Path, PathBuf};

/// A template, and the folder that the gate runs in.
pub struct Places<'a> {
    /// The current folder, from the root.
    pub here: &'a Path,
    /// The template's path.
    pub template: &'a Path,
}

impl Places<'_> {
    /// Why deploy tools could use another file than the gate, with a hint; `None` if they use the same.
    pub fn differ(&self, place: &str) -> Option<(String, &'static str)> {
        let folder = |template: &Path| template.parent().map(Path::to_path_buf).unwrap_or_default();
        let here = self.here.join(folder(self.template));
        let found = real(&here.join(place));
        let by_text = lexical(self.here, &here.join(place));
        if real(&by_text) != found {
            let why = format!("`{place}` has `..` after a link, so deploy tools use `{}`", by_text.display());
            return Some((why, "write the path without the link"));
        }
        let template = real(&self.here.join(self.template))?;
        let by_link = lexical(self.here, &folder(&template).join(place));
        if real(&by_link) != found {
            let why = format!(
                "the template is a link or has `..` after one, so `sam build` uses `{}`",
                by_link.display()
            );
            return Some((why, "pass the template's real path with `--plan`, and to the deploy tool"));
        }
        let first = real(&self.here.join(place)).or_else(|| real(&lexical(self.here, Path::new(place))));
        if found.is_some() && first.is_some() && first != found {
            let why = format!(
                "deploy tools first look for `{place}` in the current folder, which has another file of that name"
            );
            return Some((
                why,
                "run the gate and the deploy tool in the template's folder, or rename one of the files",
            ));
        }
        None
    }
}

/// The path by which deploy tools name a template, if they find the file that the gate reads.
pub fn template(here: &Path, path: &Path) -> Option<PathBuf> {
    let by_text = lexical(here, path);
    real(&by_text).filter(|found| real(&here.join(path)).as_ref() == Some(found))?;
    Some(by_text)
}

/// The path from the root, without `.` and `..`, computed from its text.
pub fn lexical(here: &Path, path: &Path) -> PathBuf {
    let mut all = PathBuf::new();
    for component in here.join(path).components() {
        match component {
            Component::ParentDir => drop(all.pop()),
            Component::CurDir => {}
            other => all.push(other),
        }
    }
    all
}

/// The path as a message shows it: from the current folder, and without `..` if that leads to the same file.
pub fn shown(here: &Path, path: &Path) -> String {
    let by_text = lexical(here, path);
    let is_same = real(&by_text) == real(&here.join(path));
    let shown = if is_same { by_text.strip_prefix(here).unwrap_or(&by_text) } else { path };
    shown.display().to_string()
}

fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shows_a_path_from_the_current_folder() {
        for (path, expected) in
            [("a/../b", "b"), ("./b", "b"), ("/x/y/b", "b"), ("../b", "/x/b"), ("b", "b"), ("/z/b", "/z/b")]
        {
            assert_eq!(shown(Path::new("/x/y"), Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn removes_dots_by_text() {
        for (path, expected) in
            [("a/../b", "/x/b"), ("./a/./b/", "/x/a/b"), ("../../../b", "/b"), ("/a/../b", "/b"), ("", "/x")]
        {
            assert_eq!(lexical(Path::new("/x"), Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
