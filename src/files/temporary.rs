//! Temporary: the parent of private folders.
//!
//! The modes of a private folder keep other users out of it, but do not prevent renaming: anyone who can
//! write to the parent folder could replace it. The sticky bit, as on `/tmp`, prevents that.

use std::path::{Path, PathBuf};

use super::FileError;

/// The system's folder for temporary files, if no other user can replace files in it.
pub fn parent() -> Result<PathBuf, FileError> {
    let folder = std::env::temp_dir();
    check(&folder)?;
    Ok(folder)
}

/// Refuses a folder of another user, one that other users can write to, and one whose path they can change.
#[cfg(unix)]
fn check(folder: &Path) -> Result<(), FileError> {
    use std::os::unix::fs::MetadataExt;

    use crate::shown;

    let failed = |source| FileError::Temporary { folder: folder.into(), source };
    let exposed = |fault| FileError::Exposed { folder: folder.into(), fault };
    let real = folder.canonicalize().map_err(failed)?;
    let owner = real.metadata().map_err(failed)?.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(exposed("it belongs to another user".into()));
    }
    for above in real.ancestors() {
        let mode = above.metadata().map_err(failed)?.mode();
        // Writable by the group or others, and not sticky.
        if mode & 0o022 != 0 && mode & 0o1000 == 0 {
            let shown = shown::path(above);
            return Err(exposed(format!(
                "other users can rename files in `{shown}`, which has mode {:04o}",
                mode & 0o7777
            )));
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn check(_folder: &Path) -> Result<(), FileError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::*;

    #[test]
    fn refuses_a_temporary_folder_in_which_other_users_can_rename() {
        let all = tempfile::tempdir().unwrap();
        let inner = all.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        for (mode, is_fine) in
            [(0o700, true), (0o755, true), (0o1777, true), (0o777, false), (0o770, false), (0o722, false)]
        {
            set(&inner, mode);
            assert_eq!(check(&inner).is_ok(), is_fine, "{mode:o}");
            // Parent folders count too.
            set(all.path(), mode);
            set(&inner, 0o700);
            let checked = check(&inner);
            assert_eq!(checked.is_ok(), is_fine, "{mode:o}");
            if let Err(error) = checked {
                assert!(matches!(error, FileError::Exposed { .. }), "{error}");
                assert!(error.to_string().contains(&format!("which has mode {mode:04o}")), "{error}");
            }
            set(all.path(), 0o700);
        }
    }

    #[test]
    fn refuses_a_temporary_folder_of_another_user() {
        let folder = tempfile::tempdir().unwrap();
        check(folder.path()).unwrap();
        // Only root can change the owner of a folder.
        if chown(folder.path(), Some(12_345), None).is_ok() {
            assert!(matches!(check(folder.path()), Err(FileError::Exposed { .. })));
        }
    }
}
