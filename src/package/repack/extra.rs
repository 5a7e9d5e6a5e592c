//! Extra fields: those of known kinds, in any form, and the ZIP64 values, which must be those of the header.

use crate::package::read::extra::{
    Fault, JAR, NTFS, OLD_UNIX, PKWARE_UNIX, TIMES, UNICODE_PATH, UNIX, UNIX_16_BIT, repeats,
};
use crate::package::read::fields::Fields;
use crate::package::zip;

/// Alignment of Android's tools, the growth hint of Office, the comment in UTF-8.
const OTHERS: [u16; 3] = [0xd935, 0xa220, 0x6375];

/// A value that a ZIP64 extra has.
const DEFERRED: u32 = u32::MAX;

/// The values of a header, with those that a ZIP64 extra has: sizes, and the offset in the directory.
///
/// Some readers take values for the deferred fields alone, others by their place: both must find the same.
pub fn values<const N: usize>(name: &[u8], extra: &[u8], classic: [u32; N]) -> Result<[u64; N], Fault> {
    let deferred: Vec<usize> = (0..N).filter(|place| classic[*place] == DEFERRED).collect();
    let disagree = ("zip64-disagrees", "has ZIP64 values that differ from its other ones, or lacks one");
    let Some(data) = zip64(name, extra)? else {
        return if deferred.is_empty() { Ok(classic.map(u64::from)) } else { Err(disagree) };
    };
    let (eights, []) = data.as_chunks::<8>() else {
        return Err(("zip64-malformed", "has a ZIP64 extra with the wrong length"));
    };
    let wide: Vec<u64> = eights.iter().map(|eight| u64::from_le_bytes(*eight)).collect();
    let mut values = classic.map(u64::from);
    if wide.len() == deferred.len() {
        deferred.iter().zip(&wide).for_each(|(place, value)| values[*place] = *value);
        return Ok(values);
    }
    let in_order = deferred.iter().enumerate().all(|(index, place)| wide.get(index) == wide.get(*place));
    let has_all = wide.len() <= N && deferred.iter().all(|place| *place < wide.len());
    for (place, value) in wide.iter().enumerate().take(N) {
        if classic[place] != DEFERRED && u64::from(classic[place]) != *value {
            return Err(disagree);
        }
        values[place] = *value;
    }
    if in_order && has_all { Ok(values) } else { Err(disagree) }
}

/// The ZIP64 extra. Errors: an extra that could change what some reader unpacks.
fn zip64<'e>(name: &[u8], extra: &'e [u8]) -> Result<Option<&'e [u8]>, Fault> {
    let mut rest = Fields(extra);
    let (mut zip64, mut has_path) = (None, false);
    while !rest.0.is_empty() {
        let header = rest.u16().zip(rest.u16());
        let field = header.and_then(|(id, length)| Some((id, rest.take(length.into())?)));
        let (id, data) = field.ok_or(("extra-malformed", "has extra fields whose lengths do not add up"))?;
        let again = ("extra-duplicate", "has the same extra field twice");
        match id {
            zip::EXTRA_ZIP64 if zip64.is_some() => return Err(again),
            zip::EXTRA_ZIP64 => zip64 = Some(data),
            UNICODE_PATH if has_path => return Err(again),
            UNICODE_PATH if repeats(name, data) => has_path = true,
            UNICODE_PATH => return Err(("extra-unicode-path", "has a second name in an extra field")),
            NTFS | PKWARE_UNIX | TIMES | OLD_UNIX | UNIX_16_BIT | UNIX | JAR => {}
            id if OTHERS.contains(&id) => {}
            _ => return Err(("extra-unknown", "has an extra field of an unknown kind")),
        }
    }
    Ok(zip64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: u16, data: &[u8]) -> Vec<u8> {
        [&id.to_le_bytes(), &(data.len() as u16).to_le_bytes(), data].concat()
    }

    fn wide(values: &[u64]) -> Vec<u8> {
        of(1, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    }

    #[test]
    fn zip64_values_are_those_of_the_header() {
        const D: u32 = DEFERRED;
        let found = |extra: &[u8], classic| values(b"a", extra, classic).map_err(|(code, _)| code);
        for (extra, classic, expected) in [
            (vec![], [5, 3, 0], Ok([5, 3, 0])),
            (wide(&[5, 3]), [D, D, 0], Ok([5, 3, 0])),
            (wide(&[9]), [5, 3, D], Ok([5, 3, 9])),
            (wide(&[5, 3]), [5, 3, 0], Ok([5, 3, 0])),
            (wide(&[5, 3, 9]), [5, 3, 9], Ok([5, 3, 9])),
            (wide(&[5, 3, 9]), [D, D, 9], Ok([5, 3, 9])),
            (wide(&[]), [5, 3, 9], Ok([5, 3, 9])),
            (wide(&[3, 3]), [3, D, 9], Ok([3, 3, 9])),
            (vec![], [D, 3, 0], Err("zip64-disagrees")),
            (wide(&[5]), [D, D, 0], Err("zip64-disagrees")),
            (wide(&[6, 3]), [5, 3, 0], Err("zip64-disagrees")),
            (wide(&[5, 3]), [5, D, 9], Err("zip64-disagrees")),
            (wide(&[5, 3, 9, 1]), [D, D, 9], Err("zip64-disagrees")),
            (of(1, &[0; 12]), [D, 3, 0], Err("zip64-malformed")),
            ([wide(&[]), wide(&[])].concat(), [5, 3, 0], Err("extra-duplicate")),
            (of(0x9999, &[]), [5, 3, 0], Err("extra-unknown")),
            (of(0x6c78, &[]), [5, 3, 0], Err("extra-unknown")),
            (of(TIMES, b"any"), [5, 3, 0], Ok([5, 3, 0])),
            ([of(TIMES, b""), of(TIMES, b"")].concat(), [5, 3, 0], Ok([5, 3, 0])),
            (of(UNICODE_PATH, b"\x01\0\0\0\0a"), [5, 3, 0], Err("extra-unicode-path")),
            (b"abc".to_vec(), [5, 3, 0], Err("extra-malformed")),
        ] {
            assert_eq!(found(&extra, classic), expected, "{extra:?} {classic:?}");
        }
    }
}
