//! The ZIP records of the writer and the reader: signatures, sizes and flags (PKWARE APPNOTE 6.3.10).

/// Local file header signature.
pub const LOCAL: u32 = 0x0403_4b50;
/// Central directory header signature.
pub const CENTRAL: u32 = 0x0201_4b50;
/// Data descriptor signature.
pub const DESCRIPTOR: u32 = 0x0807_4b50;
/// End of central directory signature.
pub const END: u32 = 0x0605_4b50;
/// ZIP64 end of central directory signature.
pub const END64: u32 = 0x0606_4b50;
/// ZIP64 end of central directory locator signature.
pub const LOCATOR64: u32 = 0x0706_4b50;

/// Bytes of a local header before its name.
pub const LOCAL_BYTES: u64 = 30;
/// Bytes of a central header before its name.
pub const CENTRAL_BYTES: usize = 46;
/// Bytes of an end record without its comment.
pub const END_BYTES: u64 = 22;
/// Bytes of a ZIP64 end record without extensions.
pub const END64_BYTES: u64 = 56;
/// Bytes of a ZIP64 locator.
pub const LOCATOR64_BYTES: u64 = 20;

/// Flag bit 3: crc and sizes follow the data.
pub const FLAG_DESCRIPTOR: u16 = 1 << 3;
/// Flag bit 11: the name is UTF-8.
pub const FLAG_UTF8: u16 = 1 << 11;

/// Internal attribute bit 0: the content is text.
pub const INTERNAL_TEXT: u16 = 1;

/// Method 0: stored.
pub const STORED: u16 = 0;
/// Method 8: deflate.
pub const DEFLATED: u16 = 8;

/// Highest version needed to extract that every reader accepts: 4.5, which ZIP64 needs.
pub const NEEDED_MAX: u16 = 45;

/// Extra field: ZIP64 sizes and offset.
pub const EXTRA_ZIP64: u16 = 0x0001;
