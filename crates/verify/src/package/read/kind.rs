//! Kinds: the type of an entry, on which its name, Unix mode and MS-DOS attributes must agree.

use super::extra::Fault;
use crate::inventory::FileMode;

const FAT: u16 = 0;
const UNIX: u16 = 3;
const NTFS_BY_OTHERS: u16 = 10;
const NTFS_BY_INFO_ZIP: u16 = 11;

/// MS-DOS attributes: read-only, hidden, system, folder, archive, and Windows' "normal".
const ATTRIBUTES: u32 = 0x01 | 0x02 | 0x04 | FOLDER | 0x20 | 0x80;
const VOLUME_LABEL: u32 = 0x08;
const FOLDER: u32 = 0x10;
/// 7-Zip sets this bit if the upper half is a Unix mode.
const UNIX_MODE: u32 = 0x8000;

/// The mode that Maven's archiver writes for a folder without one. Only the Rust crate `zip` sees a link, without a target,
/// and ends with an error.
const UNSET: u32 = 0o177_777;

const ANY_EXECUTES: u32 = 0o111;
const OWNER_EXECUTES: u32 = 0o100;

/// The system that created an entry, from the upper byte of the version field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Its modes are Unix modes.
    Unix,
    /// It has only attributes, and unzip converts names outside ASCII.
    Dos,
}

impl System {
    /// Errors: a system whose names or attributes readers interpret differently, with its code.
    pub fn of(made_by: u16) -> Result<Self, Fault> {
        match made_by >> 8 {
            UNIX => Ok(Self::Unix),
            FAT | NTFS_BY_OTHERS | NTFS_BY_INFO_ZIP => Ok(Self::Dos),
            _ => Err(("system-unknown", "is from a system whose attributes readers interpret differently")),
        }
    }
}

/// The type of file that all readers see.
pub fn mode(system: System, external: u32, folder: bool) -> Result<FileMode, Fault> {
    let special = Err(("special-file", "is not a file, a folder or a symbolic link for every reader"));
    let (mode, attributes) = (external >> 16, external & 0xffff);
    // A folder's permissions do not count, so these bits do not either.
    if mode & 0o7000 != 0 && !folder {
        return Err(("special-mode", "has the setuid, setgid or sticky bit"));
    }
    if attributes & VOLUME_LABEL != 0 {
        return Err(("special-file", "is a volume label for some readers, which skip it"));
    }
    let known = if system == System::Unix { ATTRIBUTES | UNIX_MODE } else { ATTRIBUTES };
    if attributes & !known != 0 {
        return Err(("special-file", "has MS-DOS attributes that readers interpret differently"));
    }
    if attributes & FOLDER != 0 && !folder {
        return special;
    }
    let executable = mode & ANY_EXECUTES != 0;
    match (mode & 0o170_000, folder) {
        (0 | 0o040_000, true) => Ok(FileMode::Folder),
        (_, true) if mode == UNSET => Ok(FileMode::Folder),
        (0o100_000, false) if system == System::Unix && mode & OWNER_EXECUTES != 0 => {
            Ok(FileMode::Executable)
        }
        (0 | 0o100_000, false) if system == System::Dos && executable => {
            Err(("special-mode", "is executable for readers that ignore the system it is from"))
        }
        (0, false) if executable => Err(("special-mode", "is executable, but its mode has no file type")),
        (0 | 0o100_000, false) => Ok(FileMode::Regular),
        (0o120_000, false) if system == System::Unix => Ok(FileMode::Link),
        _ => special,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_known_or_refused() {
        for (made_by, system) in [
            (0x0014, Some(System::Dos)),
            (0x0a14, Some(System::Dos)),
            (0x0b17, Some(System::Dos)),
            (0x031e, Some(System::Unix)),
            (0x033f, Some(System::Unix)),
            (0x0614, None),
            (0x0114, None),
            (0x0214, None),
            (0x0e14, None),
            (0x1314, None),
            (0xff14, None),
        ] {
            assert_eq!(System::of(made_by).ok(), system, "{made_by:04x}");
        }
    }

    #[test]
    fn attributes_and_mode_must_agree() {
        let (unix, dos) = (System::Unix, System::Dos);
        let (regular, executable) = (Ok(FileMode::Regular), Ok(FileMode::Executable));
        let (special, odd) = (Err("special-file"), Err("special-mode"));
        for (system, external, folder, expected) in [
            (unix, 0o100_644 << 16, false, regular),
            (unix, 0o100_744 << 16, false, executable),
            (unix, 0o100_755 << 16 | 0x8000, false, executable),
            // The owner's bit decides, as git has it.
            (unix, 0o100_655 << 16, false, regular),
            (unix, 0o644 << 16, false, regular),
            (unix, 0o755 << 16, false, odd),
            (unix, 0, false, regular),
            (unix, 0o120_777 << 16, false, Ok(FileMode::Link)),
            (unix, 0o120_777 << 16, true, special),
            (unix, 0o040_755 << 16, true, Ok(FileMode::Folder)),
            (unix, 0o040_755 << 16 | 0x10, true, Ok(FileMode::Folder)),
            (unix, 0x10, true, Ok(FileMode::Folder)),
            (unix, 0x10, false, special),
            (unix, 0o040_755 << 16, false, special),
            (unix, 0o010_644 << 16, false, special),
            (unix, 0o104_755 << 16, false, odd),
            (unix, 0o177_777 << 16, false, odd),
            // Maven's folders of unknown mode.
            (unix, 0o177_777 << 16, true, Ok(FileMode::Folder)),
            (unix, 0o177_777 << 16 | 0x10, true, Ok(FileMode::Folder)),
            (unix, 0o177_755 << 16, true, special),
            (unix, 0o170_777 << 16, true, special),
            (unix, 0o042_755 << 16, true, Ok(FileMode::Folder)),
            (unix, 0o041_777 << 16 | 0x10, true, Ok(FileMode::Folder)),
            (unix, 0o044_755 << 16, true, Ok(FileMode::Folder)),
            (unix, 0o102_644 << 16, false, odd),
            (unix, 0o101_644 << 16, false, odd),
            (unix, 0o122_777 << 16, true, special),
            (unix, 0o122_777 << 16, false, odd),
            (unix, 0o100_644 << 16 | 0x08, false, special),
            (unix, 0o100_644 << 16 | 0x400, false, special),
            (dos, 0, false, regular),
            (dos, 0, true, Ok(FileMode::Folder)),
            (dos, 0x27, false, regular),
            (dos, 0x80, false, regular),
            (dos, 0x08, false, special),
            (dos, 0x40, false, special),
            (dos, 0x400, false, special),
            (dos, 0x8000, false, special),
            (dos, 0o100_666 << 16, false, regular),
            (dos, 0o100_777 << 16, false, odd),
            (dos, 0o011 << 16, false, odd),
            (dos, 0o120_777 << 16, false, special),
        ] {
            let found = mode(system, external, folder).map_err(|(code, _)| code);
            assert_eq!(found, expected, "{system:?} {external:#x} {folder}");
        }
    }
}
