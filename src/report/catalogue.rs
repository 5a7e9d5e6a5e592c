//! Catalogue: every finding code, its meaning and what to do; for reports that list rules.
//!
//! `tests/tidy.rs` compares it with the source: it has every code that is used, and no other.

use super::Check;

/// The description of a finding code, for any artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The code.
    pub code: &'static str,
    /// The check that finds it.
    pub check: Check,
    /// A heading, without a full stop.
    pub title: &'static str,
    /// The meaning and what to do, in sentences.
    pub help: &'static str,
}

/// The rule of a code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// Every rule, check by check.
pub const RULES: &[Rule] = &[
    integrity(
        "digest-mismatch",
        "The artifact is not the signed one",
        "Its bytes differ from those that the manifest describes. It was changed or built again after signing, \
        or it is next to the manifest of another artifact. Download both again from where they were signed, or sign the \
        artifact again.",
    ),
    integrity(
        "signature-invalid",
        "The manifest was modified after signing",
        "The manifest names a known key, but the signature is invalid. Download the manifest again from where it was signed, or \
        sign the artifact again.",
    ),
    integrity(
        "manifest-malformed",
        "The manifest is not a signed bundle",
        "It is truncated, edited, or from another tool. Download it again from where it was signed, or sign the artifact \
        again.",
    ),
    integrity(
        "statement-malformed",
        "The signed statement is not a signing job",
        "The signature is valid, but the signed statement does not describe an artifact. Sign the artifact again with \
        `countersign sign`.",
    ),
    integrity(
        "inventory-false",
        "The signed list of files does not match the artifact",
        "The artifact is the signed one, but contains different files than its manifest lists. The signing tool was \
        wrong, or the signer signed one artifact with the list of another. Do not deploy it; revoke the signing job and \
        sign the artifact again.",
    ),
    integrity(
        "layer-differs",
        "The layer is not the one published under its ARN",
        "The account's sealed record of that version has another digest. Download the published artifact with `countersign \
        layer fetch`, or use the ARN of this version.",
    ),
    integrity(
        "plan-hash-differs",
        "The file changed after the plan was created",
        "Its SHA-256 differs from the plan's `source_code_hash`. Set that to `filebase64sha256(\"FILE\")`; if it is, the \
        file changed after the plan was created, so create the plan again.",
    ),
    mismatch(
        "layer-unpublished",
        "The layer version is not published",
        "The account in its ARN is unknown to the policy, or has not sealed a version with that number. Use a version that \
        `countersign layer show` lists, or run `countersign account trust` or `countersign account update`.",
    ),
    mismatch(
        "layer-forbidden",
        "The account that published the layer does not permit this account to use it",
        "No permission of that version names this account or its organization. Ask the owner to run \
        `countersign layer permit` and seal, and then run `countersign account update`.",
    ),
    mismatch(
        "layers-unzipped-size",
        "The function and its layers are larger than AWS Lambda allows",
        "Their signed files have more than 262,144,000 bytes in total. Remove a layer, or exclude files that the \
        function does not need.",
    ),
    mismatch(
        "nothing-verified",
        "Nothing was verified",
        "There was no artifact to verify. Pass the artifact, or find out why none was \
        built.",
    ),
    mismatch(
        "manifest-missing",
        "The artifact is not signed",
        "It has no manifest. Sign it with `countersign sign`, or pass its manifest with `--manifest`.",
    ),
    mismatch(
        "key-unknown",
        "It was signed with an unknown key",
        "No profile that the CSC allows gives the key permission to sign. Sign with a permitted key, or ask the policy \
        owner for a permission.",
    ),
    mismatch(
        "publisher-not-allowed",
        "The CSC does not allow the publisher",
        "It was signed with a signing profile that the code signing config does not list. Sign with a listed profile, \
        or ask the policy owner to allow this one.",
    ),
    mismatch(
        "account-mismatch",
        "It was signed for another account",
        "The profile or the signing job belongs to another account than the policy. Sign with a profile of this account.",
    ),
    mismatch(
        "version-unknown",
        "The profile has no such version",
        "The signature names a version that does not exist in its signing profile. Sign with the current version.",
    ),
    mismatch(
        "signed-before-version",
        "The signature claims to be older than its profile version",
        "The time of the signature is before the creation of the profile version. Correct the signer's clock, and sign again.",
    ),
    mismatch(
        "permission-missing",
        "The signer had no permission",
        "The key had no permission on the profile, for this principal, at the time of the signature. Ask the policy \
        owner for `signer:StartSigningJob`, and sign again.",
    ),
    mismatch(
        "name-mismatch",
        "It was signed for another name",
        "It was signed as another function or layer than the one it would be deployed as. Verify it under the name it \
        was signed for, or sign the correct artifact.",
    ),
    mismatch(
        "source-differs",
        "The commit has different files than the signed package",
        "The manifest describes the package of another commit. Sign the package of this commit, or use the commit \
        that was signed.",
    ),
    mismatch(
        "source-ignored",
        "The package has files that git ignores",
        "No commit gives this package, because git ignores some of its files, such as dependencies or build output. \
        Commit them, or ask the policy owner to accept builds of the function: `source = \"artifact\"` in \
        `functions.toml`.",
    ),
    mismatch(
        "source-unconfirmed",
        "The manifest is not of a clean build of the commit",
        "The policy accepts builds of this function, if the manifest names the very commit and the work tree had no \
        other changes. Check the commit out, build it, and run `countersign release --attach`.",
    ),
    mismatch(
        "source-unpackable",
        "The commit cannot be packaged",
        "It has content that cannot be packaged: a Git LFS pointer, a submodule, or a name that is not \
        portable. Fix the reported error, commit, and sign the new commit.",
    ),
    mismatch(
        "plan-template",
        "The plan deploys a template that was not verified",
        "Its functions and layers are in another template. Pass that one with `--plan` too, before it is uploaded.",
    ),
    mismatch(
        "plan-opaque",
        "The plan deploys something unknown",
        "A resource stands for functions that only the deploy tool creates. Pass the plan or template that has them \
        as resources.",
    ),
    mismatch(
        "plan-type-unknown",
        "The plan has a resource that could deploy code",
        "Its type is not known to deploy no code, and the gate does not read it: a canary, a provisioner, a custom \
        resource, a product, or a new type. Deploy the code as a signed function or layer, or the resource from another \
        pipeline. If the type is new and its resources deploy no code, ask a policy key holder to list it with \
        `countersign function deploys-no-code`.",
    ),
    mismatch(
        "plan-asset-metadata",
        "SAM would deploy different code than CloudFormation",
        "The resource's `Metadata` has `aws:asset:path` and `aws:asset:property`, which SAM uses in place of the \
        property. Remove both, or use the same package in both places.",
    ),
    mismatch(
        "plan-name-unknown",
        "The plan does not contain the name",
        "The name is known only after the deploy, or is not a valid name, so no CSC can be chosen. Pass it with \
        `--map ADDRESS=NAME`.",
    ),
    mismatch(
        "plan-name-differs",
        "`--map` names another function than the plan",
        "The plan contains the name, but `--map` has another one for its address. Remove that `--map`, or map \
        the plan's name itself with `--map name:PLANS-NAME=NAME`.",
    ),
    mismatch(
        "plan-tools-differ",
        "Deploy tools read the template differently",
        "SAM, the AWS CLI and the gate would use different code, because of an alias, a link, `..`, `Globals`, or a file of the same \
        name in the current folder. Change it as the message says.",
    ),
    mismatch(
        "plan-hash-malformed",
        "The plan's code hash is not a SHA-256 in base64",
        "In Terraform, set `source_code_hash` to `filebase64sha256(\"FILE\")`.",
    ),
    mismatch(
        "plan-code-elsewhere",
        "The code is stored elsewhere, and no deploy tool compares it with the signed package",
        "Run the gate on the template before the file is uploaded. In Terraform, set `filename`.",
    ),
    mismatch(
        "plan-image",
        "The plan deploys a container image",
        "Lambda code signing covers only ZIP packages. Deploy the code as a signed ZIP.",
    ),
    mismatch(
        "plan-inline",
        "The code is inline in the template",
        "It cannot be signed there. Move the code to a file, and package and sign it.",
    ),
    mismatch(
        "plan-code-unknown",
        "The plan does not contain the code location",
        "Name a signed package in the template, or create the plan after the package.",
    ),
    mismatch(
        "plan-folder",
        "The plan deploys a folder",
        "The deploy tool would deploy it as an unsigned ZIP. Create a signed package with `countersign \
        release`, and name its ZIP.",
    ),
    mismatch(
        "plan-file-missing",
        "The file that the plan deploys does not exist",
        "Create the package first. For a Terraform plan, pass the folder that its paths are relative to with `--assets`.",
    ),
    mismatch(
        "function-ungoverned",
        "No CSC governs the function",
        "Without a code signing config nothing is allowed. Ask the policy owner to attach one with \
        `countersign function attach`.",
    ),
    mismatch(
        "deployed-differs",
        "The deployed package is not the signed one",
        "No manifest has the hash of the deployed code, and the manifests for its name have other hashes. Deploy the signed package, or sign the \
        deployed one if it is correct.",
    ),
    mismatch(
        "deployed-unsigned",
        "The deployed code is not signed",
        "No manifest has the hash of the deployed code, and none has its name: it was deployed before signing was \
        enabled, or without the gate. Deploy a signed package, or pass the location of its manifest.",
    ),
    mismatch(
        "deployed-image",
        "The deployed code is a container image",
        "Lambda code signing covers only ZIP packages. Deploy the function as a ZIP, or verify its image \
        where it is pulled.",
    ),
    mismatch(
        "deployed-untold",
        "The hash of the deployed code is unknown",
        "No input contains it. For a layer version only `aws lambda get-layer-version-by-arn` prints it: pass \
        its output to `countersign audit` too.",
    ),
    mismatch(
        "deployed-malformed",
        "The input about deployed code is invalid",
        "A hash is malformed, or one layer version has two. Run `aws lambda` again.",
    ),
    mismatch(
        "deployed-unsignable",
        "No artifact can be signed under this name",
        "The function or layer is deployed under a name that no manifest can have. Deploy it under another name.",
    ),
    Rule {
        code: "signature-expired",
        check: Check::Expiry,
        title: "The signature has expired",
        help: "Its own expiry or the validity period of the profile has passed. Sign the package again.",
    },
    Rule {
        code: "signed-in-future",
        check: Check::Expiry,
        title: "The signature is from the future",
        help: "Its time is more than five minutes ahead of the verifier's clock. Correct the clocks of both machines, and \
        sign the package again.",
    },
    revocation(
        "job-revoked",
        "The signing job was revoked",
        "The owner of the profile revoked this signature. Sign the artifact again if it can be deployed.",
    ),
    revocation(
        "artifact-revoked",
        "The artifact was revoked",
        "This artifact must not be deployed, even if it is signed. Deploy a version that is not revoked.",
    ),
    revocation(
        "profile-revoked",
        "The profile version was revoked",
        "Its signatures are void from the revocation's effective time. Sign the artifact again with a version \
        that is not revoked.",
    ),
    revocation(
        "key-revoked",
        "The signing key was revoked",
        "Its signatures are void from the revocation's effective time. Sign the artifact again with another key.",
    ),
    package(
        "dependencies-ignored",
        "Dependencies or build output that git ignores are not packaged",
        "If they are deployed, name them in `include` in `countersign.toml`. Otherwise list them in `exclude`.",
    ),
    package(
        "repository-left-out",
        "Another git repository in the folder is not packaged",
        "Commit its files in this repository, or list it in `exclude`.",
    ),
    package(
        "pattern-unmatched",
        "A pattern of `include` or `exclude` matches no file",
        "Patterns are relative to the folder of the function, as in a `.gitignore` there, without `./`.",
    ),
    package(
        "include-narrow",
        "`include` matches no file that git tracks",
        "The package has ignored files only. To add them to the code, let `include` begin with `\"**\"`.",
    ),
    package(
        "files-deleted",
        "The work tree lacks files that git tracks",
        "The package does not have them. Restore them with `git checkout`, or commit that they are deleted.",
    ),
    package(
        "output-left-out",
        "The output folder has files that are not packaged",
        "Untracked files of the output folder are not packaged. Set `output` in `countersign.toml` to another folder, or list \
        them in `.gitignore`.",
    ),
    package(
        "clutter-left-out",
        "Files of editors, file managers and interpreters are not packaged",
        "List them in `.gitignore`. To package them, add them to git.",
    ),
    package(
        "secrets-likely",
        "The package has files that often have secrets",
        "Keep them out with `exclude`, or name them in `allow_secrets` in `countersign.toml`.",
    ),
    package(
        "secret-packaged",
        "A repacked archive has a private key or a token",
        "If it is not meant to be deployed, remove it where the archive is built, and use another key or token.",
    ),
    package(
        "package-zipped-size",
        "The package is larger than AWS Lambda allows zipped",
        "Upload it with S3, or exclude files from it.",
    ),
    package(
        "package-unzipped-size",
        "The package is larger than AWS Lambda allows unzipped",
        "Exclude files that the function does not need, or move them to a layer or an image.",
    ),
    package(
        "layer-layout",
        "A runtime would find no files in the layer",
        "Each runtime reads its own folders. Move the layer's files to a folder that the message names.",
    ),
    package(
        "layer-not-signed",
        "A layer is published without a signature",
        "Its digest is on record, but a function with this layer is denied unless the layer has a signature that the \
        function's CSC allows. Sign it and publish it again, or ask its users to endorse it with `countersign sign`.",
    ),
    archive("not-a-zip", "The artifact is not a ZIP"),
    archive("empty-archive", "The archive has no entries"),
    archive("truncated", "The archive is truncated"),
    archive("bytes-before", "There are bytes before the first entry"),
    archive("bytes-between", "There are bytes between entries"),
    archive("bytes-after", "There are bytes after the end of the archive"),
    archive("archive-comment", "The archive has a comment"),
    archive("several-end-records", "The archive has several end records"),
    archive("multi-disk", "The archive is split over several disks"),
    archive("entry-count", "The number of entries differs from the end record"),
    archive("zip64-malformed", "A ZIP64 record is malformed"),
    archive("zip64-disagrees", "ZIP64 and classic records differ"),
    archive("zip64-unneeded", "A ZIP64 record has a value that does not need it"),
    archive("descriptor-form", "A data descriptor has no signature, or 64-bit sizes"),
    archive("descriptor-in-data", "The signature of a data descriptor is in the packed bytes before one"),
    archive("system-unknown", "An entry is not from Unix, FAT or NTFS"),
    archive("version-needed", "An entry requires a ZIP version over 4.5"),
    archive("headers-disagree", "An entry's own header and the directory differ"),
    archive("overlap", "Two entries share bytes"),
    archive("encrypted", "An entry is encrypted"),
    archive("flags-unknown", "An entry has flags that readers interpret differently"),
    archive("method-unsupported", "An entry uses a compression method that not every reader supports"),
    archive("extra-malformed", "An entry's extra fields are malformed"),
    archive("extra-duplicate", "An entry has the same extra field twice"),
    archive("extra-unicode-path", "An entry has a second name in an extra field"),
    archive("extra-unknown", "An entry has an extra field of an unknown kind"),
    archive("special-file", "An entry is neither a file, a folder nor a link"),
    archive(
        "special-mode",
        "An entry has the setuid, setgid or sticky bit, or is executable only for some readers",
    ),
    archive("directory-with-data", "A folder has content"),
    archive("stored-size-mismatch", "A stored entry has two sizes"),
    archive("size-mismatch", "An entry's unpacked size differs from its header"),
    archive("crc-mismatch", "An entry's CRC differs from its header"),
    archive("deflate-malformed", "An entry cannot be unpacked"),
    archive("deflate-trailing", "There are bytes after an entry's deflate stream"),
    archive("too-many-entries", "The archive has too many entries"),
    archive("too-large", "The archive or an entry is too large"),
    archive("ratio", "The archive unpacks to too many bytes"),
    archive("duplicate-name", "Two entries have the same name"),
    archive("name-collision", "Two entries have names that some readers or file systems treat as one"),
    archive("name-encoding", "An entry's name is not UTF-8 for every reader"),
    archive("name-absolute", "An entry's name is an absolute path"),
    archive("name-parent", "An entry's name leaves the package"),
    archive("name-dot", "An entry's name has an empty or a `.` component"),
    archive("name-backslash", "An entry's name has a backslash"),
    archive("name-control", "An entry's name has a control character"),
    archive("name-device", "An entry's name is a device on Windows, or has a `:`"),
    archive("name-trailing", "An entry's name ends in a dot or a space"),
    archive("name-too-long", "An entry's name is too long"),
    archive("name-too-deep", "An entry is in too many folders"),
    archive("name-version", "An entry's name ends in a VMS version"),
    archive("symlink-target", "A symbolic link's target is changed by some readers"),
    archive("symlink-deflated", "A symbolic link's target is deflated"),
    archive("symlink-escapes", "A symbolic link leaves the package"),
    archive("write-through-symlink", "A file would be written through a symbolic link"),
];

const fn integrity(code: &'static str, title: &'static str, help: &'static str) -> Rule {
    Rule { code, check: Check::Integrity, title, help }
}

const fn mismatch(code: &'static str, title: &'static str, help: &'static str) -> Rule {
    Rule { code, check: Check::Mismatch, title, help }
}

const fn revocation(code: &'static str, title: &'static str, help: &'static str) -> Rule {
    Rule { code, check: Check::Revocation, title, help }
}

const fn package(code: &'static str, title: &'static str, help: &'static str) -> Rule {
    Rule { code, check: Check::Package, title, help }
}

/// The codes of the strict reader in `package::read`, which explain how an artifact differs.
const fn archive(code: &'static str, title: &'static str) -> Rule {
    integrity(
        code,
        title,
        "Two programs could unpack such an archive differently, or fail to. Download the artifact again from where it \
        was signed, or build it again with `countersign package`.",
    )
}
