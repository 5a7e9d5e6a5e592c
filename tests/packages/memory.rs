//! Memory: whatever archive comes in, reading it takes at most 64 MiB and four times its size.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use countersign::limits::AWS_UNZIPPED_BYTES;

const BASE: u64 = 64 << 20;

/// An archive of empty stored files.
fn of_empty_files(path: &Path, names: impl Iterator<Item = String>) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let (mut directory, mut offset, mut count) = (Vec::new(), 0_u32, 0_u32);
    for name in names {
        let flags: u16 = if name.is_ascii() { 0 } else { 1 << 11 };
        let mut common = Vec::new();
        [10, flags, 0, 0x6020, 0x21].iter().for_each(|field: &u16| common.extend(field.to_le_bytes()));
        common.extend([0; 12]);
        [name.len() as u16, 0].iter().for_each(|field| common.extend(field.to_le_bytes()));
        out.write_all(&[b"PK\x03\x04", &common[..], name.as_bytes()].concat()).unwrap();
        directory.extend([b"PK\x01\x02\x14\x03", &common[..], &[0; 6]].concat());
        directory.extend((0o100_644_u32 << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
        offset += 30 + name.len() as u32;
        count += 1;
    }
    out.write_all(&directory).unwrap();
    let size = directory.len() as u32;
    if count >= 0xffff {
        let end = offset + size;
        let mut record = b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0".to_vec();
        [count, count, size, offset].iter().for_each(|field| record.extend(u64::from(*field).to_le_bytes()));
        record.extend(b"PK\x06\x07\0\0\0\0");
        record.extend(u64::from(end).to_le_bytes());
        record.extend(1_u32.to_le_bytes());
        out.write_all(&record).unwrap();
    }
    let counted = count.min(0xffff) as u16;
    let mut record = b"PK\x05\x06\0\0\0\0".to_vec();
    [counted; 2].iter().for_each(|field| record.extend(field.to_le_bytes()));
    [size, offset].iter().for_each(|field| record.extend(field.to_le_bytes()));
    record.extend([0, 0]);
    out.write_all(&record).unwrap();
}

/// An archive of zeros that deflate to nearly nothing, below the size from which that is refused.
fn of_zeros(path: &Path) {
    let mut writer = zip::ZipWriter::new(BufWriter::new(File::create(path).unwrap()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    writer.start_file("zeros", options).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..AWS_UNZIPPED_BYTES >> 20).for_each(|_| writer.write_all(&zeros).unwrap());
    writer.finish().unwrap();
}

/// Reads the archive with `inspect`; returns its exit status, what it says, and its peak memory in bytes.
fn inspect(path: &Path) -> (Option<i32>, String, u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("inspect")
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(1024 * kilobytes.unwrap_or_default());
        std::thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned(), peak)
}

/// Inputs that cost most for what they are, and what becomes of each.
#[test]
fn reading_an_archive_takes_at_most_64_mib_and_four_times_its_size() {
    let folder = tempfile::tempdir().unwrap();
    type Make = Box<dyn Fn(&Path)>;
    let inputs: [(&str, Make, &str); 8] = [
        ("deep names", Box::new(|path| of_empty_files(path, deep(4000, 255, 3))), ""),
        (
            "names that are too deep",
            Box::new(|path| of_empty_files(path, deep(1000, 2040, 0))),
            "name-too-long",
        ),
        ("100,000 empty files", Box::new(|path| of_empty_files(path, deep(100_000, 0, 0))), ""),
        ("65,535 empty files", Box::new(|path| of_empty_files(path, deep(0xffff, 0, 0))), ""),
        ("names that fold to more", Box::new(|path| of_empty_files(path, folding(8000))), ""),
        ("content of 250 MiB", Box::new(of_zeros), ""),
        ("too many entries", Box::new(|path| of_empty_files(path, deep(250_001, 0, 0))), "too-many-entries"),
        ("a directory of 4 GB", Box::new(a_large_directory), "too-many-entries"),
    ];
    for (name, make, refused) in inputs {
        let path = folder.path().join("archive.zip");
        make(&path);
        let size = fs::metadata(&path).unwrap().len();
        let (status, said, peak) = inspect(&path);
        eprintln!("{name}: {:.1} MB in, {:.1} MB at the peak", size as f64 / 1e6, peak as f64 / 1e6);
        assert_eq!(status, Some(if refused.is_empty() { 0 } else { 2 }), "{name}: {said}");
        assert!(said.contains(refused), "{name}: {said}");
        assert!(peak < BASE + 4 * size.min(64 << 20), "{name}: {peak} bytes for {size}");
    }
}

/// Names in folders of their own, so that nothing is shared.
fn deep(count: usize, depth: usize, width: usize) -> impl Iterator<Item = String> {
    let below = format!("{}/", "d".repeat(width.max(1))).repeat(depth.saturating_sub(1));
    (0..count).map(move |number| format!("{number:06}/{below}x"))
}

/// Names whose letters have four code points each once they are folded and decomposed.
fn folding(count: usize) -> impl Iterator<Item = String> {
    let letters = format!("{}/", "\u{1f82}".repeat(80)).repeat(4);
    (0..count).map(move |number| format!("{letters}{number}"))
}

/// A sparse file whose end record tells of a directory of nearly 4 GB.
fn a_large_directory(path: &Path) {
    let size = 0xffff_0000_u32;
    let mut file = File::create(path).unwrap();
    file.set_len(u64::from(size)).unwrap();
    let mut record = b"PK\x05\x06\0\0\0\0\xfe\xff\xfe\xff".to_vec();
    record.extend([size.to_le_bytes(), [0; 4]].concat());
    record.extend([0, 0]);
    std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).unwrap();
    file.write_all(&record).unwrap();
}
