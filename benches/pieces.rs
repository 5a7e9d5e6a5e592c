//! The pieces: how long hashing, signing, verifying and reading a package take by themselves.

#![allow(missing_docs, reason = "criterion's macros make items without any")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::hint::black_box;
use std::io::Write;

use countersign::crypto::secret::SecretKey;
use countersign::digest::{ArtifactHasher, Sha384};
use countersign::files::artifact::Artifact;
use countersign::manifest::PAYLOAD_TYPE;
use countersign::package::read;
use countersign::parallel::Threads;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn hashing(c: &mut Criterion) {
    let bytes = noise(8 << 20);
    let mut group = c.benchmark_group("hashing 8 MiB");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("sha384", |b| b.iter(|| Sha384::of(black_box(&bytes))));
    let chunks: Vec<&[u8]> = bytes.chunks(1 << 20).collect();
    group.bench_function("sha384 of each of 8 chunks", |b| b.iter(|| Sha384::of_each(black_box(&chunks))));
    let files: Vec<&[u8]> = bytes.chunks(9000).collect();
    group.bench_function("sha384 of each of 932 files", |b| b.iter(|| Sha384::of_each(black_box(&files))));
    group.bench_function("every digest of an artifact", |b| {
        b.iter(|| {
            let mut hasher = ArtifactHasher::default();
            hasher.update(black_box(&bytes));
            hasher.finish()
        });
    });
    group.finish();
}

fn signatures(c: &mut Criterion) {
    let key = SecretKey::generate().unwrap();
    let keys = [(key.public().id(), key.public())].into();
    let envelope = countersign::crypto::signing::sign(PAYLOAD_TYPE, noise(2000), &[&key]);
    c.bench_function("sign 2 kB", |b| {
        b.iter(|| countersign::crypto::signing::sign(PAYLOAD_TYPE, noise(2000), &[&key]))
    });
    c.bench_function("verify 2 kB", |b| {
        b.iter(|| envelope.opened_by(PAYLOAD_TYPE, black_box(&keys)).is_ok())
    });
}

fn reading(c: &mut Criterion) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let text = "the quick brown fox jumps over the lazy dog\n".repeat(200);
    for index in 0..1000 {
        writer.start_file(format!("{index}.txt"), zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    file.write_all(writer.finish().unwrap().get_ref()).unwrap();
    let artifact = Artifact::open(file.path()).unwrap();
    c.bench_function("read 1,000 entries strictly", |b| {
        b.iter(|| read::read(&artifact, Threads::per_core()).unwrap());
    });
}

criterion_group!(pieces, hashing, signatures, reading);
criterion_main!(pieces);
