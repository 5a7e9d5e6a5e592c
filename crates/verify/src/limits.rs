//! Limits: how much of each input is read, and the reason for each number.
//!
//! A limit is checked before reading, so untrusted input cannot make memory grow.

/// Size of a chunk of the chunk digest, in bytes: large enough for few leaves, small enough to hash one
/// artifact on all cores. Part of the manifest format; never changes.
pub const CHUNK_BYTES: usize = 1 << 20;

/// Largest manifest read, in bytes: an inventory of [`ENTRIES_MAX`] files would be larger, but one of
/// 250,000 files (ten times the largest corpus measured) with long paths fits.
pub const MANIFEST_BYTES_MAX: u64 = 64 << 20;

/// Largest note read or written, in bytes: the manifests of 5,000 functions of 20 files each on one commit.
pub const NOTE_BYTES_MAX: u64 = 64 << 20;
/// Most pushes of notes in a row, each after a merge of newer ones: more than ten jobs that end at once.
pub const NOTES_PUSHES_MAX: usize = 12;
/// Longest pause before a push of notes that a lock refused is repeated, in milliseconds for each earlier one: seven
/// seconds for all of them, longer than a server locks a ref.
pub const NOTES_PUSH_PAUSE_MILLIS: u64 = 100;
/// Longest wait for a ref that another process has locked, in milliseconds: a fetch of many refs on a slow disk.
pub const NOTES_LOCK_MILLIS: u64 = 5_000;
/// Most commits with a note, where all of them are read: a release every minute for two years.
pub const NOTES_MAX: usize = 1_000_000;
/// Most files below a folder that is searched for manifests: as many as notes.
pub const SEARCHED_FILES_MAX: usize = 1_000_000;
/// Largest AWS answer about deployed code, in bytes: 100,000 functions of 5 kB.
pub const DEPLOYED_BYTES_MAX: u64 = 512 << 20;
/// Most functions and layer versions in one audit: ten times the largest account measured.
pub const DEPLOYED_MAX: usize = 100_000;
/// Most layers of one deployed function that are read: twenty times what AWS allows.
pub const USED_LAYERS_MAX: usize = 100;
/// Longest Mermaid text that is drawn, in characters: Mermaid's `maxTextSize`, which GitHub does not change.
pub const MERMAID_CHARS_MAX: usize = 50_000;
/// Most edges that Mermaid draws: its `maxEdges`.
pub const MERMAID_EDGES_MAX: usize = 500;
/// Most files and folders below `refs/` of a server's repository that a hook reads: as many as the refs of
/// one push.
pub const REF_FILES_MAX: usize = 1_000_000;
/// Largest folder of notes inside another, in bytes. Git splits notes into 256 folders, of 4,000 notes of 66
/// bytes each in a repository with a million. Unsplit notes are one folder of at most [`TREE_BYTES_MAX`].
pub const NOTE_FOLDER_BYTES_MAX: u64 = 1 << 20;
/// Bytes of cached folders of notes, so that the next note is found without another read: the largest folder,
/// or all folders of 400,000 notes.
pub const NOTE_FOLDERS_BYTES_MAX: u64 = TREE_BYTES_MAX;
/// Most ancestors of one commit that are searched for attached manifests: a year's work of a busy team. The
/// newest come first.
pub const ANCESTORS_MAX: usize = 10_000;
/// Most bytes of manifests of its ancestors that a commit is verified with, in addition to its own: 30,000
/// manifests of 2 kB, which are read in under two seconds.
pub const ANCESTORS_NOTES_BYTES_MAX: u64 = 64 << 20;
/// Most manifests of one function or layer that a commit is verified with: one for each failed push. There are
/// as many again of its ancestors. Those of the newest commit come first.
pub const CANDIDATES_MAX: usize = 64;
/// Longest line that git passes to a hook, in bytes: two ref names of 4,096 bytes and two ids.
pub const HOOK_LINE_BYTES_MAX: usize = 16 << 10;
/// Most bytes that git passes to a hook, for [`PUSHED_REFS_MAX`] refs with names of 100 bytes.
pub const HOOK_INPUT_BYTES_MAX: u64 = 256 << 20;
/// Longest chain of symbolic refs that is followed, as git's `SYMREF_MAXDEPTH`.
pub const SYMBOLIC_REFS_MAX: usize = 5;
/// Most refs of one push: more than any known repository has.
pub const PUSHED_REFS_MAX: usize = 1_000_000;
/// Largest policy document read, in bytes: 10,000 permissions of 400 bytes, with room to spare.
pub const DOCUMENT_BYTES_MAX: u64 = 8 << 20;

/// Most levels of arrays and tables, and most parts of a key, in a TOML document: every document stays under four.
pub const TOML_DEPTH_MAX: usize = 32;

/// Most files of an ignored folder that are counted for a message: a count takes under 20 ms.
pub const IGNORED_COUNTED_MAX: usize = 10_000;

/// Bytes at the start of a packaged file in which a private key is searched for: a comment or attributes come
/// before some keys. A search of them takes a tenth of the time of their digest.
pub const SECRET_HEAD_BYTES: usize = 4 << 10;

/// The same, for a file that begins with PEM: a chain of twenty certificates comes before some keys.
pub const SECRET_PEM_BYTES: usize = 64 << 10;

/// Memory of a TOML parser per token, in bytes, as measured with `toml` 1.2.
pub const TOML_TOKEN_BYTES: u64 = 80;

/// Memory that the tokens of a TOML text can use in addition to three times its size, in bytes: 400,000
/// tokens, or 8,000 permissions.
pub const TOML_FREE_BYTES: u64 = 32 << 20;

/// Bytes of an array of TOML tables that are parsed at a time: 4,000 revocations.
pub const TOML_PART_BYTES: usize = 1 << 20;

/// Most tokens of a TOML document that is edited in place to keep its comments: 2,000 permissions. An editor
/// uses ten times the memory of a parser.
pub const TOML_EDITED_TOKENS_MAX: u64 = 100_000;

/// Values of a JSON text that are always allowed: the metadata of 100 jobs.
pub const JSON_FREE_VALUES: u64 = 500_000;

/// Least bytes per further value of a JSON text, on average: a file in an inventory has five values in 150
/// bytes. Without this limit, three bytes of JSON (`"",`) use 24 bytes of memory.
pub const JSON_VALUE_BYTES: u64 = 24;

/// Most values of a JSON text whose layout or field order is not ours, so that it is compared value by value:
/// a pretty-printed manifest of 20,000 files.
pub const JSON_COMPARED_VALUES_MAX: u64 = 100_000;

/// Largest `revocations.toml` read, in bytes: 250,000 revocations of 250 bytes.
pub const REVOCATIONS_BYTES_MAX: u64 = 64 << 20;

/// Largest unused document that a verifier hashes, in bytes: an unsealed edit is detected in under 2 ms. For
/// a larger one only the size is compared; `policy status` hashes all.
pub const NOTICED_BYTES_MAX: u64 = 1 << 20;

/// Largest configuration file of a repository that is edited, in bytes: 10,000 remotes and branches.
pub const GIT_CONFIG_BYTES_MAX: u64 = 1 << 20;

/// Largest ledger read, in bytes: 1,500,000 jobs of 700 bytes.
pub const LEDGER_BYTES_MAX: u64 = 1 << 30;

/// Longest version that an error repeats from a document, in characters.
pub const FORMAT_VERSION_CHARS_MAX: usize = 64;

/// Longest line of a ledger, in bytes: every name in it at its longest.
pub const LEDGER_LINE_BYTES_MAX: u64 = 4096;

/// Entries on a page of the index, on average: a page has under 100 kB, and is read in under 1 ms.
pub const INDEX_PAGE_ENTRIES: usize = 256;

/// Largest signed revocation read, in bytes: a reason of 500 characters, names, and a signature.
pub const SIGNED_REVOCATION_BYTES_MAX: u64 = 64 << 10;

/// Most signed revocations of one job that are read: one per key holder who can revoke it. Their names are
/// derived from the job, so a folder of 100,000 need not be listed.
pub const SIGNED_REVOCATIONS_MAX: u32 = 16;

/// Largest page of the index read, in bytes: a hundred times the average, or one key revoked 10,000 times.
pub const INDEX_PAGE_BYTES_MAX: u64 = 8 << 20;

/// Largest table of the index read, in bytes: 65,536 lines of 97 bytes.
pub const INDEX_TABLE_BYTES_MAX: u64 = 8 << 20;

/// Largest snapshot read, in bytes: 100,000 lines of 200 bytes.
pub const SNAPSHOT_BYTES_MAX: u64 = 32 << 20;

/// Largest root document read, in bytes: [`SIGNATURES_MAX`] keys and signatures in PEM.
pub const ROOT_BYTES_MAX: u64 = 1 << 20;

/// Most files of a fetched policy: the documents of a snapshot, and their copies by digest.
pub const POLICY_FILES_MAX: usize = 250_000;

/// Most names in folders of a fetched policy that are read: its files, their folders, and unrelated files.
/// Folders that contain each other can name endless paths with few objects.
pub const POLICY_NAMES_MAX: usize = 4 * POLICY_FILES_MAX;

/// Most bytes of a fetched policy in total: the largest ledger, and as much for each other part.
pub const POLICY_BYTES_MAX: u64 = 4 << 30;

/// Largest folder of a repository read, in bytes: 250,000 names of 100 bytes.
pub const TREE_BYTES_MAX: u64 = 32 << 20;

/// Largest commit or tag read, in bytes: Linux has messages of 100 kB and merges of 66 parents.
pub const COMMIT_BYTES_MAX: u64 = 8 << 20;

/// Longest chain of tags before a commit: signed tags of signed tags have two.
pub const TAGS_MAX: usize = 16;

/// Names that a walk of a commit's folders can always visit, and how many more per stored name. Equal folders
/// are stored once, so a large `node_modules` visits twice as many as are stored; a tree that contains itself
/// ten times at each of twelve levels visits 10^12.
pub const WALKED_NAMES_FREE: u64 = 65_536;
/// See [`WALKED_NAMES_FREE`].
pub const WALKED_NAMES_EACH: u64 = 8;

/// Bytes of paths that such a walk can always produce, and how many more per byte of a stored folder: 250,000
/// paths of 75 bytes need 19 MB, and their folders 11 MB.
pub const WALKED_PATH_BYTES_FREE: u64 = 8 << 20;
/// See [`WALKED_PATH_BYTES_FREE`].
pub const WALKED_PATH_BYTES_EACH: u64 = 4;

/// Most commits read to find the ancestors of all commits of a push: a hundred separate histories of
/// [`ANCESTORS_MAX`] commits, read in 20 seconds.
pub const HISTORY_COMMITS_MAX: usize = 1_000_000;

/// Most bytes of commits read for the same: [`HISTORY_COMMITS_MAX`] commits of 1 kB.
pub const HISTORY_BYTES_MAX: u64 = 1 << 30;
/// Most parents of all these commits: Linux has 1,600,000 of its 1,500,000 commits.
pub const HISTORY_PARENTS_MAX: usize = 4_000_000;
/// Most steps from commits to parents to find the ancestors of each commit of a push: 6,000 tags on one
/// history of 6,000 commits. They need five seconds.
pub const PUSHED_STEPS_MAX: usize = 40_000_000;
/// Most bytes of manifests read for a push, including repeated reads for other commits: 500,000 manifests of
/// 2 kB, which need half a minute.
pub const SEARCHED_NOTES_BYTES_MAX: u64 = 1 << 30;

/// Most names of files and folders that a hook reads in one commit: 5,000 functions with 1,000 files and
/// folders each. Functions can share a folder, so a few objects can name endless packages. Parent folders
/// count once each.
pub const COMMIT_NAMES_MAX: u64 = 5_000_000;
/// The same for all commits of a push: 200 tags of a repository with 100,000 files.
pub const PUSHED_NAMES_MAX: u64 = 20_000_000;
/// Most functions and layers of all commits of a push that are verified: 100 tags with 200 functions each. A
/// verdict needs 5 kB until all are reported, and 500 bytes of a report.
pub const PUSHED_VERDICTS_MAX: usize = 20_000;
/// Digests of blobs that a hook keeps between commits of a push; a commit can have more. A digest needs 100
/// bytes.
pub const KNOWN_BLOBS_MAX: usize = 200_000;

/// Bytes of packages whose inventory a hook computes at a time, on all threads, in addition to the largest.
pub const JUDGED_WINDOW_BYTES: u64 = 32 << 20;

/// Most files whose digests a hook keeps until each package of a commit is compared, of all packages
/// together; further ones are read again. A file needs 200 bytes.
pub const HELD_FILES_MAX: usize = 65_536;

/// Longest chain of root documents walked: monthly rotation for 85 years.
pub const ROOTS_MAX: u64 = 1024;

/// Most signatures in one envelope, and most keys in one role: more people than share a role, and few enough
/// to verify all in well under a second.
pub const SIGNATURES_MAX: usize = 64;

/// Highest snapshot version accepted: one per second for 68 years. A stolen key cannot raise the version so
/// far that no later seal is possible.
pub const SNAPSHOT_VERSION_MAX: u64 = i32::MAX as u64;

/// Largest key file read, in bytes: an encrypted P-384 PEM has under 1 KiB.
pub const KEY_BYTES_MAX: u64 = 64 << 10;

/// Most memory to decrypt a key, in bytes: twice what OWASP recommends for scrypt (N = 2^17, r = 8). Our keys
/// and those of openssl need 16 MB.
pub const KEY_SCRYPT_BYTES_MAX: u64 = 256 << 20;

/// Most rounds of PBKDF2 to decrypt a key: sixteen times what OWASP recommends, in ten seconds.
pub const PBKDF2_ITERATIONS_MAX: u32 = 10_000_000;

/// Largest remembered-state file read, in bytes: it has under 1 KiB.
pub const STATE_BYTES_MAX: u64 = 64 << 10;

/// Largest file packaged, in bytes: files are compressed as a whole in memory; eight times AWS's limit for a
/// whole function.
pub const FILE_BYTES_MAX: u64 = 2 << 30;

/// Most bytes packaged or unpacked in total: 32 times the largest file.
pub const TOTAL_BYTES_MAX: u64 = 64 << 30;

/// Most entries in one package: ten times the largest `node_modules` measured, and its inventory still fits
/// into a manifest.
pub const ENTRIES_MAX: usize = 250_000;

/// Largest archive that is repacked, in bytes: it is in memory as a whole, and AWS's limit is 50 MB.
pub const REPACK_BYTES_MAX: u64 = 1 << 30;

/// Longest comment of an archive that is repacked, in bytes: libarchive searches for the end record in the last 16 KiB.
pub const REPACK_COMMENT_BYTES_MAX: usize = 8 << 10;

/// Largest archive read for signing, in bytes: as the total, for archives without compression.
pub const ARCHIVE_BYTES_MAX: u64 = 64 << 30;

/// Most `include` or `exclude` patterns of one item: ten times the longest `.gitignore` measured.
pub const PATTERNS_MAX: usize = 1000;

/// Longest pattern of files, in bytes: four of the longest paths.
pub const PATTERN_BYTES_MAX: usize = 4095;

/// Most bytes of the `include` and `exclude` patterns of one item: [`PATTERNS_MAX`] of 131 bytes. The matcher uses
/// up to 20 bytes for each.
pub const PATTERNS_BYTES_MAX: usize = 128 << 10;

/// Steps of the matcher of `include` and `exclude` patterns of one item for any number of paths: a tenth of a
/// second, since a push can bring thousands of items.
pub const FILTER_STEPS_FREE: u64 = 1 << 26;

/// Steps of that matcher for all items of all commits of a push: half a minute. An item with ten patterns and a hundred
/// files takes 50,000.
pub const PUSHED_FILTER_STEPS_MAX: u64 = 1 << 34;

/// Steps of that matcher added for each path: those of 300 patterns with wildcards that match a long path.
pub const FILTER_STEPS_EACH: u64 = 1 << 17;

/// Largest `.gitignore` read, in bytes: [`IGNORE_PATTERNS_MAX`] patterns of 100 bytes.
pub const IGNORE_FILE_BYTES_MAX: u64 = 1 << 20;

/// Most patterns of a `.gitignore`: a hundred times the longest measured.
pub const IGNORE_PATTERNS_MAX: usize = 10_000;

/// Largest index of git read, in bytes, and most bytes of the paths in it: those of ten million files.
pub const INDEX_BYTES_MAX: u64 = 1 << 30;

/// Longest path in an index, in bytes: Linux's `PATH_MAX`.
pub const INDEX_PATH_BYTES_MAX: usize = 4096;

/// Largest `.git` file, `HEAD` or `commondir` read, in bytes: a path of the longest length, twice.
pub const GIT_FILE_BYTES_MAX: u64 = 8 << 10;

/// Most bytes of the `.gitignore` of a folder and of those of its parents: fifty of the longest measured. The
/// matcher uses up to 20 bytes for each.
pub const IGNORE_BYTES_MAX: u64 = 1 << 20;

/// Most bytes of `.gitignore` files whose rules are kept for other folders, in one command.
pub const IGNORE_CACHED_BYTES_MAX: u64 = 1 << 20;

/// Steps of the matcher of `.gitignore` files for any number of paths. A step takes about 2 ns.
pub const IGNORE_STEPS_FREE: u64 = 1 << 30;

/// Steps of that matcher added for each path: those of [`IGNORE_PATTERNS_MAX`] patterns of which a tenth have
/// wildcards that match a long path.
pub const IGNORE_STEPS_EACH: u64 = 100_000;

/// Largest directory of an archive, in bytes: as the largest manifest, which has more data per entry.
pub const DIRECTORY_BYTES_MAX: u64 = 64 << 20;

/// Longest path of an entry, in bytes: the limit of macOS (`PATH_MAX`). With a deep parent folder, the limit
/// of Linux is less than four times as much.
pub const PATH_BYTES_MAX: usize = 1024;

/// Longest component of a path, in bytes: the limit of file systems of Linux and macOS.
pub const NAME_BYTES_MAX: usize = 255;

/// Most components of a path: Python's `zipfile` creates folders recursively, and fails at a thousand.
pub const PATH_DEPTH_MAX: usize = 256;

/// Longest target of a symbolic link, in bytes, as [`PATH_BYTES_MAX`].
pub const LINK_BYTES_MAX: u64 = 4095;

/// Largest ratio of unpacked to packed size of an archive that unpacks to more than AWS's limit.
/// Deflate reaches 1032; deployed code and data stay under 20.
pub const RATIO_MAX: u64 = 100;

/// Bytes of files in progress while packaging, in addition to the largest: the work of other cores while one
/// deflates a large file, without having the whole tree in memory.
pub const PACK_WINDOW_BYTES: u64 = 48 << 20;

/// Most bytes of an item that one thread packages by itself, as one of several: a sixth of
/// [`PACK_WINDOW_BYTES`], since a file and its deflated form are in memory at the same time. A larger item gets
/// all threads, while no other is packaged.
pub const ALONE_BYTES: u64 = 8 << 20;

/// Items of at least so many bytes reuse the entries of their last package; compressing fewer takes less time than
/// verifying that package.
pub const REUSED_FROM_BYTES: u64 = 1 << 20;

/// Most packages that are made before the one that is next in order: their files are open.
pub const PACKAGES_AHEAD: u64 = 32;

/// Most artifacts that are verified before the one that is next in order: a verdict has 5 kB.
pub const VERDICTS_AHEAD: u64 = 1024;

/// Bytes of an artifact in progress while it is hashed: some chunks for each of two cores, and for the thread
/// that combines them.
pub const HASH_WINDOW_BYTES: u64 = 24 << 20;

/// Largest artifact that is copied to memory for signing, in bytes: above AWS's limit for ZIPs. A larger one
/// is copied to a temporary file.
pub const HELD_BYTES_MAX: u64 = 64 << 20;

/// Largest artifact whose plain SHA-384 is checked by default, in bytes: above AWS's limit for ZIPs, and
/// hashed in an eighth of a second. Above it the chunk digest and SHA-256 decide.
pub const PLAIN_SHA384_BYTES_MAX: u64 = 64 << 20;

/// AWS Lambda's limit for a zipped function, in bytes (direct upload).
pub const AWS_ZIPPED_BYTES: u64 = 52_428_800;

/// AWS Lambda's limit for an unzipped function with its layers, in bytes.
pub const AWS_UNZIPPED_BYTES: u64 = 262_144_000;

/// AWS Lambda's limit for the layers of a function.
pub const LAYERS_MAX: usize = 5;

/// Most publishers of a CSC, as in AWS.
pub const PUBLISHERS_MAX: usize = 20;

/// Longest validity of a signature in months, AWS Signer's default and maximum.
pub const VALIDITY_MONTHS: u16 = 135;

/// How far `signed_at` can be ahead of the verifier's clock, in seconds.
pub const CLOCK_SKEW_SECONDS: i64 = 300;

/// How long before the expiry of a root or a seal a warning is shown, in seconds: 30 days, for people who
/// meet to sign.
pub const EXPIRY_WARNING_SECONDS: i64 = 30 * 24 * 60 * 60;

/// How long a seal can wait for signatures, in seconds: 30 days, for people who are away.
pub const DRAFT_SECONDS_MAX: i64 = 30 * 24 * 60 * 60;

/// Longest validity of a seal, in seconds: two years. An attacker who withholds a newer policy can serve an
/// old one until its seal expires, so countersign does not create longer ones.
pub const SEAL_SECONDS_MAX: i64 = 731 * 24 * 60 * 60;

/// Longest validity of a root, in seconds: ten years, twice the default.
pub const ROOT_SECONDS_MAX: i64 = 3653 * 24 * 60 * 60;

/// Longest source of another account's policy, in bytes: a URL for git, with a ref.
pub const ORIGIN_BYTES_MAX: usize = 4096;
/// Most members of an organization: ten times AWS Organizations' default.
pub const MEMBERS_MAX: usize = 100_000;
/// Largest `organization.toml` read, in bytes: [`MEMBERS_MAX`] members of 200 bytes.
pub const ORGANIZATION_BYTES_MAX: u64 = 32 << 20;
/// Most published versions of a layer: one a day for 27 years.
pub const LAYER_VERSIONS_MAX: usize = 10_000;
/// Longest description, license, location or runtime of a layer version, in bytes, as AWS's license text.
pub const LAYER_TEXT_BYTES_MAX: usize = 512;
/// Most runtimes of a layer version, as in AWS.
pub const RUNTIMES_MAX: usize = 15;
/// Most signed revocations copied with another account's policy: those that its seal does not have yet.
pub const SIGNED_REVOCATIONS_VENDORED_MAX: usize = 10_000;
/// Most other accounts of a policy: a verdict opens at most one at a time, a seal opens all.
pub const ACCOUNTS_MAX: usize = 1000;
/// Longest reason of a revocation, in characters, as in AWS Signer.
pub const REASON_CHARS_MAX: usize = 500;

/// Longest pattern of a protected ref, in bytes: the limit for file names on most file systems.
pub const REF_PATTERN_BYTES_MAX: usize = 255;
/// Longest pattern of resource types, in bytes: a custom resource's type can have 60 characters, a module's
/// 204.
pub const TYPE_PATTERN_BYTES_MAX: usize = 255;
/// Most patterns of resource types that deploy no code: more than anyone can review.
pub const TYPE_PATTERNS_MAX: usize = 1000;
/// Longest output of the git program read, in bytes: a path, or the names of a thousand hooks.
pub const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Largest hook file read to identify it, in bytes; typical hooks are under 100 kB.
pub const HOOK_BYTES_MAX: u64 = 1 << 20;
/// Most annotations of one level in a step of a GitHub workflow: GitHub shows ten, and drops the others.
pub const ANNOTATIONS_MAX: usize = 10;

/// Largest step summary, in bytes: GitHub rejects one over 1 MiB as a whole.
pub const SUMMARY_BYTES_MAX: usize = 1 << 20;

/// Most characters of one message or name in a report: ten lines of a page.
pub const SHOWN_CHARS_MAX: usize = 1000;

/// Most characters of one name or value in a message: every valid name in full.
pub const NAMED_CHARS_MAX: usize = 200;

/// Most characters of one line of an error: a path of [`PATH_BYTES_MAX`], and what is wrong with it.
pub const ERROR_LINE_CHARS_MAX: usize = 8192;

/// Most lines of an error: the lines of a program that failed, and a list of the files of a large change.
pub const ERROR_LINES_MAX: usize = 1000;

/// Most characters of a parser's message about a document, which quotes the input.
pub const PARSER_MESSAGE_CHARS_MAX: usize = 1000;

/// Most files listed in one SARIF result: GitHub reads 100 related locations each.
pub const RELATED_FILES_MAX: usize = 100;
/// Largest plan or template read, in bytes: `terraform show -json` of [`PLAN_RESOURCES_MAX`] functions at 6
/// kB each, and as much of other resources; CloudFormation's own limit is 1 MB.
pub const PLAN_BYTES_MAX: u64 = 64 << 20;

/// Longest text before a Terraform plan, in bytes: a line with a command and its path.
pub const PLAN_PREFIX_BYTES_MAX: usize = 1024;

/// Memory for a plan of any size, in bytes, in addition to four times its size: 60,000 small values.
pub const PLAN_MEMORY_FIXED: u64 = 32 << 20;

/// Longest text of a plan that is stored once, in bytes: names of attributes, actions, `true`.
pub const SHARED_TEXT_BYTES_MAX: usize = 40;

/// Most functions, layers, stacks and unknown resources of one plan: the report of each needs 7 kB of memory.
/// CloudFormation's limit is 500 resources, and `terraform plan` becomes slow with some thousand.
pub const PLAN_RESOURCES_MAX: usize = 5_000;

/// Largest YAML template read, in bytes: CloudFormation's limit is 1 MB, not counting comments.
pub const TEMPLATE_READ_BYTES_MAX: usize = 4 << 20;

/// Longest key of a YAML template, in bytes: the limit of YAML 1.1.
pub const TEMPLATE_KEY_BYTES_MAX: usize = 1024;

/// Most values in one outermost pair of brackets or braces of a YAML template, which are in memory until it
/// ends: ten times what fits into CloudFormation's 1 MB at 100 bytes per value.
pub const TEMPLATE_FLOW_VALUES_MAX: usize = 100_000;

/// Deepest nesting of a plan: real ones stay under 30, and the JSON parser stops at 128.
pub const PLAN_DEPTH_MAX: usize = 100;

/// Most manifests read in folders for a plan: ten for each function of the largest plan.
pub const MANIFESTS_MAX: usize = 100_000;
/// Largest journal before it is rotated, in bytes: 30,000 verdicts of 500 bytes, a year of 80 a day. The
/// previous one is kept, so twice as much stays on disk, and is read in a fifth of a second.
pub const JOURNAL_BYTES_MAX: u64 = 16 << 20;

/// Longest line of a journal, in bytes: every name at its longest, and ten times the findings seen at once.
pub const JOURNAL_LINE_BYTES_MAX: u64 = 8192;

/// Most events counted in one answer: the ids, by which an event counts once, then use 600 MB.
pub const EVENTS_MAX: usize = 16_000_000;

/// Most malformed lines listed in one answer: enough to see what they have in common.
pub const MALFORMED_SHOWN: usize = 10;

/// Most series in a Prometheus file: 500 functions under both modes. A scrape reads all of them every few
/// seconds.
pub const SERIES_MAX: usize = 10_000;

/// Largest Prometheus file read, in bytes: [`SERIES_MAX`] series with every name at its longest.
pub const SERIES_BYTES_MAX: u64 = 8 << 20;

/// Verdicts that must pass in a row before it is safe to enforce: if a cause affects one deployment in four,
/// 94 % of such runs would have shown it (1 - 0.75^10).
pub const CLEAN_VERDICTS_MIN: u64 = 10;

/// Days that they must span, to include every day of a weekly routine.
pub const CLEAN_DAYS_MIN: u16 = 7;

/// Most bars of a plot: a month by day, with bars that are visible on a phone.
pub const BARS_MAX: i64 = 45;

/// Most functions on the page, which a browser shows in a second; JSON has all of them.
pub const PAGE_FUNCTIONS_MAX: usize = 1000;

/// Most causes shown for a function: more than anyone fixes at once; JSON has all of them.
pub const CAUSES_SHOWN: usize = 10;

/// Largest file of AWS answers imported, in bytes: 2,000 CSCs of 20 publishers each.
pub const AWS_ANSWER_BYTES_MAX: u64 = 8 << 20;

/// CloudFormation's limit for resources in one template.
pub const TEMPLATE_RESOURCES_MAX: usize = 500;

/// CloudFormation's limit for a template in S3, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 1_000_000;

/// CloudFormation's limit for a template in a request, in bytes.
pub const TEMPLATE_BODY_BYTES_MAX: usize = 51_200;

/// AWS Lambda's limit for a CSC's description, in characters.
pub const AWS_DESCRIPTION_CHARS_MAX: usize = 256;

/// IAM's limit for a managed policy, in characters without white space.
pub const IAM_POLICY_CHARS_MAX: usize = 6_144;

/// AWS Organizations' limit for a service control policy, in characters.
pub const SCP_CHARS_MAX: usize = 5_120;

/// Most targets of a stack set: 256 jobs of a matrix with 40 targets each.
pub const TARGETS_MAX: usize = 10_000;

/// Targets that are read at once if nothing is changed: mostly waiting for the network.
pub const TARGETS_AT_ONCE: usize = 8;

/// Time limit of one git call for a target, in seconds: a gigabyte at 4 MB/s, so that a server that does not
/// answer cannot block the command.
pub const TARGET_GIT_SECONDS_MAX: u64 = 300;

/// How far the clocks of committers can differ, in seconds: a day, which includes wrong time zones.
pub const CLOCKS_DIFFER_SECONDS: i64 = 86_400;

/// Largest report of verdicts that is read, in bytes: 10,000 functions, each denied for 64 files.
pub const REPORT_BYTES_MAX: u64 = 64 << 20;
/// Most reports that are combined: one for each job of four matrices.
pub const REPORTS_MAX: usize = 1024;

/// Most jobs of a matrix, as in GitHub.
pub const SHARDS_MAX: usize = 256;

/// Most lines of differences in a commit message, for readability; `git show` has all of them.
pub const MESSAGE_LINES_MAX: usize = 200;
