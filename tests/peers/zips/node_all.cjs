// Reads every archive of a folder with one of Node's libraries.
//
//     node node_all.cjs MODULES LIBRARY ZIPS OUT
//
// Archive ZIPS/NAME.zip is extracted to OUT/NAME, or listed in OUT/NAME.json where the library only
// hands out entries; a failure is told in OUT/NAME.error.
'use strict';
const fs = require('fs');
const path = require('path');
const crypto = require('crypto');
const [modules, library, zips, out] = process.argv.slice(2);
const load = (name) => require(path.join(modules, 'node_modules', name));
const sha384 = (bytes) => crypto.createHash('sha384').update(bytes).digest('hex');
const record = (name, kind, mode, bytes) => ({ path: name, kind, mode, sha384: sha384(bytes) });

const collect = (stream) => new Promise((resolve, reject) => {
  const parts = [];
  stream.on('data', (part) => parts.push(part)).on('end', () => resolve(Buffer.concat(parts)))
    .on('error', reject);
});

// What npm's `extract-zip`, which is built on yauzl, takes an entry for.
function kindOf(entry) {
  const mode = (entry.externalFileAttributes >> 16) & 0xffff;
  const type = mode & 0o170000;
  if (type === 0o120000) return ['link', mode];
  const madeBy = entry.versionMadeBy >> 8;
  const folder = type === 0o040000 || entry.fileName.endsWith('/')
    || (madeBy === 0 && entry.externalFileAttributes === 16);
  return [folder ? 'folder' : 'file', mode];
}

const readers = {
  yauzl: (file) => new Promise((resolve, reject) => {
    load('yauzl').open(file, { lazyEntries: true }, (error, archive) => {
      if (error) return reject(error);
      const found = [];
      archive.on('error', reject).on('end', () => resolve(found)).on('entry', (entry) => {
        const [kind, mode] = kindOf(entry);
        archive.openReadStream(entry, (error, stream) => {
          if (error) return reject(error);
          collect(stream).then((bytes) => {
            found.push(record(entry.fileName, kind, mode, bytes));
            archive.readEntry();
          }, reject);
        });
      });
      archive.readEntry();
    });
  }),
  fflate: async (file) => Object.entries(load('fflate').unzipSync(fs.readFileSync(file)))
    .map(([name, bytes]) => record(name, name.endsWith('/') ? 'folder' : 'file', null, bytes)),
  'adm-zip': async (file, folder) => {
    new (load('adm-zip'))(file).extractAllTo(folder, true);
  },
  unzipper: async (file, folder) => {
    const directory = await load('unzipper').Open.file(file);
    await directory.extract({ path: folder });
  },
  'unzipper-stream': (file) => new Promise((resolve, reject) => {
    const found = [];
    const pending = [];
    fs.createReadStream(file).on('error', reject).pipe(load('unzipper').Parse())
      .on('entry', (entry) => pending.push(collect(entry).then((bytes) => {
        found.push(record(entry.path, entry.type === 'Directory' ? 'folder' : 'file', null, bytes));
      })))
      .on('error', reject).on('close', () => Promise.all(pending).then(() => resolve(found), reject));
  }),
  // Skips every second entry, then the others: what is skipped must not hide or add an entry.
  'unzipper-skip': async (file) => {
    const found = [];
    for (const skipped of [0, 1]) {
      await new Promise((resolve, reject) => {
        let number = 0;
        const pending = [];
        fs.createReadStream(file).on('error', reject).pipe(load('unzipper').Parse())
          .on('entry', (entry) => {
            if (number++ % 2 === skipped) return entry.autodrain();
            pending.push(collect(entry).then((bytes) => {
              found.push(record(entry.path, entry.type === 'Directory' ? 'folder' : 'file', null, bytes));
            }));
          })
          .on('error', reject).on('close', () => Promise.all(pending).then(resolve, reject));
      });
    }
    return found;
  },
};

// Libraries also fail where nobody listens, or never end.
let fail = () => {};
process.on('unhandledRejection', (error) => fail(error));
process.on('uncaughtException', (error) => fail(error));
const within = (promise) => new Promise((resolve, reject) => {
  fail = reject;
  setTimeout(() => reject(new Error('no end')), 20000).unref();
  promise.then(resolve, reject);
});

(async () => {
  const alive = setInterval(() => {}, 1000);
  for (const file of fs.readdirSync(zips).filter((name) => name.endsWith('.zip')).sort()) {
    const name = path.join(out, path.basename(file, '.zip'));
    fs.mkdirSync(name, { recursive: true });
    try {
      const found = await within(readers[library](path.join(zips, file), name));
      if (found) fs.writeFileSync(`${name}.json`, JSON.stringify(found));
    } catch (error) {
      fs.writeFileSync(`${name}.error`, String(error));
    }
  }
  clearInterval(alive);
  process.exit(0);
})();
