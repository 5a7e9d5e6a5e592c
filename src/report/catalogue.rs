//! Catalogue: every code that a finding may have, what it means and what to do; for reports that list rules.
//!
//! `tests/tidy.rs` holds it against the source: each code that is used is here, and no other.

use super::Check;

/// What a finding's code stands for, whatever the artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The code.
    pub code: &'static str,
    /// The check that finds it.
    pub check: Check,
    /// A sentence for a heading, without a full stop.
    pub title: &'static str,
    /// What it means and what to do, in sentences.
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
        "The artifact is not the one that was signed",
        "Its bytes differ from those that the manifest describes. It was changed or made again after it was signed, \
        or it lies beside another artifact's manifest. Get both again from where they were signed, or sign the \
        artifact again.",
    ),
    integrity(
        "signature-invalid",
        "The manifest was changed after it was signed",
        "A known key is named, and its signature does not hold. Get the manifest again from where it was signed, or \
        sign the artifact again.",
    ),
    integrity(
        "manifest-malformed",
        "The manifest is not a signed bundle",
        "It is cut short, edited, or another tool's. Get it again from where it was signed, or sign the artifact \
        again.",
    ),
    integrity(
        "statement-malformed",
        "The signed statement is not a signing job",
        "The signature holds, and what was signed does not describe an artifact. Sign the artifact again with \
        `countersign sign`.",
    ),
    integrity(
        "inventory-false",
        "The signed list of files is not the artifact's",
        "The artifact is the one that was signed, and contains other files than its manifest lists. The signing tool was \
        wrong or the signer signed one artifact with the list of another. Do not deploy it; revoke the signing job and \
        sign the artifact again.",
    ),
    integrity(
        "layer-differs",
        "The layer is not what was published under its ARN",
        "Its account's sealed record of that version names other bytes. Get the published artifact with `countersign \
        layer fetch`, or name the version that this is.",
    ),
    integrity(
        "plan-hash-differs",
        "The file is not the one that the plan was made for",
        "Its SHA-256 is another than the plan's `source_code_hash`. Write that as `filebase64sha256(\"FILE\")`; if it is, the \
        file changed after the plan was made, so create the plan again.",
    ),
    mismatch(
        "layer-unpublished",
        "The layer version is not published",
        "The account in its ARN is not known here, or has not sealed a version of that number. Name one that \
        `countersign layer show` lists, pin the account with `countersign account trust`, or bring it up to date.",
    ),
    mismatch(
        "layer-forbidden",
        "The account that published the layer does not let this one use it",
        "No permission of that version names this account or an organisation that it is in. Ask the owner for \
        `countersign layer permit`, and bring the account up to date once that is sealed.",
    ),
    mismatch(
        "layers-unzipped-size",
        "The function and its layers are larger than AWS Lambda takes",
        "Their signed files come to more than 262,144,000 bytes together. Leave out a layer, or exclude what the \
        function does not need.",
    ),
    mismatch(
        "nothing-verified",
        "Nothing was verified",
        "No artifact was there to be judged, and nothing is allowed unseen. Name the artifact, or see why none was \
        made.",
    ),
    mismatch(
        "manifest-missing",
        "The artifact is not signed",
        "It has no manifest. Sign it with `countersign sign`, or name its manifest with `--manifest`.",
    ),
    mismatch(
        "key-unknown",
        "It was signed with an unknown key",
        "No profile that the CSC allows gives the key permission to sign. Sign with a permitted key, or ask the owner \
        of the policy for a permission.",
    ),
    mismatch(
        "publisher-not-allowed",
        "The CSC does not allow the publisher",
        "It was signed with a signing profile that the code signing config does not list. Sign with one that it does, \
        or ask the owner of the policy to allow this one.",
    ),
    mismatch(
        "account-mismatch",
        "It was signed for another account",
        "Profile or signing job belong to another account than the policy. Sign with a profile of this account.",
    ),
    mismatch(
        "version-unknown",
        "The profile has no such version",
        "The signature names a version that its signing profile never had. Sign with the current version.",
    ),
    mismatch(
        "signed-before-version",
        "It claims to be older than its profile version",
        "The signature's time lies before the profile version was made. Set the signer's clock, and sign again.",
    ),
    mismatch(
        "permission-missing",
        "The signer had no permission",
        "The key had no permission on the profile, for this principal, when the signature was made. Ask the owner of \
        the policy for `signer:StartSigningJob`, and sign again.",
    ),
    mismatch(
        "name-mismatch",
        "It was signed as something else",
        "The signed function or layer is not the one that it would be deployed as. Verify it under the name that it \
        was signed for, or sign the right artifact.",
    ),
    mismatch(
        "source-differs",
        "The commit has other files than those that were signed",
        "The manifest describes the package of another commit. Sign the package of this commit, or take the commit \
        that was signed.",
    ),
    mismatch(
        "source-unpackable",
        "The commit makes no package",
        "Git has no content that could be packaged: a pointer of Git LFS, a submodule, or a name that not every system \
        takes. Mend what the message names, commit, and sign that commit.",
    ),
    mismatch(
        "plan-template",
        "The plan deploys a template that was not judged",
        "Its functions and layers stand in another template. Give that one with `--plan` too, before it is uploaded.",
    ),
    mismatch(
        "plan-opaque",
        "What the plan deploys cannot be told",
        "A resource stands for functions that only the deploy tool makes. Give the plan or template that shows them \
        as they are deployed.",
    ),
    mismatch(
        "plan-type-unknown",
        "The plan has a resource that may deploy code",
        "Its type is not known to deploy no code, and the gate does not read it: a canary, a provisioner, a custom \
        resource, a product, or a type that is new. Deploy the code as a signed function or layer, or the resource from another \
        pipeline. If the type is new and its resources deploy no code, a holder of the policy role can list it with \
        `countersign function deploys-no-code`.",
    ),
    mismatch(
        "plan-asset-metadata",
        "SAM would deploy something else than CloudFormation",
        "The resource's `Metadata` has `aws:asset:path` and `aws:asset:property`, which SAM puts in the place of the \
        property. Remove both, or name the same package in both places.",
    ),
    mismatch(
        "plan-name-unknown",
        "The plan does not say the name",
        "It is known only when it is deployed, or is no function's name, so no CSC can be chosen. Say it with \
        `--map ADDRESS=NAME`.",
    ),
    mismatch(
        "plan-name-differs",
        "`--map` names another function than the plan",
        "The plan says the name that it is deployed as, and `--map` names another for its address. Remove that `--map`, or map \
        the plan's name itself with `--map name:PLANS-NAME=NAME`.",
    ),
    mismatch(
        "plan-tools-differ",
        "Deploy tools read the template differently",
        "SAM, the AWS CLI and the gate would find different code: by an alias, a link, `..`, `Globals`, or a file of the same \
        name in the current folder. Write it as the message says.",
    ),
    mismatch(
        "plan-hash-malformed",
        "The plan's code hash is not a SHA-256 in base64",
        "In Terraform, write `source_code_hash` as `filebase64sha256(\"FILE\")`.",
    ),
    mismatch(
        "plan-code-elsewhere",
        "The code is elsewhere, and no deploy compares it with what is signed",
        "Run the gate on the template that names the file, before it is uploaded. In Terraform, set `filename`.",
    ),
    mismatch(
        "plan-image",
        "The plan deploys a container image",
        "Code signing does not cover images. Deploy the function as a ZIP that is signed.",
    ),
    mismatch(
        "plan-inline",
        "The code stands in the template",
        "Nothing can sign it there. Put the code into a file, then package and sign it.",
    ),
    mismatch(
        "plan-code-unknown",
        "The plan does not say what code it deploys",
        "Name a signed package in the template, or make the plan once the package is there.",
    ),
    mismatch(
        "plan-folder",
        "The plan deploys a folder",
        "The deploy tool would make a ZIP of it that nobody signed. Make and sign a package with `countersign \
        release`, and name its ZIP.",
    ),
    mismatch(
        "plan-file-missing",
        "The file that the plan deploys is not there",
        "Create the package first. For a Terraform plan, name the folder that its paths are relative to with `--assets`.",
    ),
    mismatch(
        "function-ungoverned",
        "No CSC governs the function",
        "What nobody allowed is denied. Ask the owner of the policy to attach a code signing config with \
        `countersign function attach`.",
    ),
    mismatch(
        "deployed-differs",
        "Another package runs than the one that was signed",
        "No manifest has the hash of what is deployed, and those of its name have others. Deploy the package that was signed, or sign the \
        one that runs if it is the right one.",
    ),
    mismatch(
        "deployed-unsigned",
        "What runs is not signed",
        "No manifest has the hash of what is deployed, and none its name: it was deployed before signing was \
        switched on, or past it. Deploy a signed package, or name where its manifest is.",
    ),
    mismatch(
        "deployed-image",
        "A container image runs",
        "Code signing of ZIPs does not cover images, here or in AWS. Deploy the function as a ZIP, or have its image \
        verified where it is pulled.",
    ),
    mismatch(
        "deployed-untold",
        "The hash of what runs is not known",
        "Nothing that was given tells it. Of a layer version only `aws lambda get-layer-version-by-arn` does: give \
        its answer to `countersign audit` too.",
    ),
    mismatch(
        "deployed-malformed",
        "What is told of what runs cannot be",
        "A hash is none, or two are told of one layer version. Get the answer of `aws lambda` again.",
    ),
    mismatch(
        "deployed-unsignable",
        "Nothing can be signed under this name",
        "The function or layer runs under a name that no manifest can have. Deploy it under another.",
    ),
    Rule {
        code: "signature-expired",
        check: Check::Expiry,
        title: "The signature has expired",
        help: "Its own end or the end of the profile's validity has passed. Sign the package again.",
    },
    Rule {
        code: "signed-in-future",
        check: Check::Expiry,
        title: "The signature comes from the future",
        help: "Its time is more than five minutes ahead of the verifier's clock. Set the clocks of both machines, and \
        sign the package again.",
    },
    revocation(
        "job-revoked",
        "The signing job was revoked",
        "The owner of the profile took this one signature back. Sign the artifact again if it may be deployed.",
    ),
    revocation(
        "artifact-revoked",
        "The artifact was revoked",
        "These very bytes must not be deployed, whoever signed them. Deploy a version that was not revoked.",
    ),
    revocation(
        "profile-revoked",
        "The profile version was revoked",
        "Signatures with it are void from the revocation's effective time on. Sign the artifact again with a version \
        that was not revoked.",
    ),
    revocation(
        "key-revoked",
        "The signing key was revoked",
        "Signatures by it are void from the revocation's effective time on. Sign the artifact again with another key.",
    ),
    package(
        "package-zipped-size",
        "The package is larger than AWS Lambda takes zipped",
        "Upload it through S3, or make it smaller.",
    ),
    package(
        "package-unzipped-size",
        "The package is larger than AWS Lambda takes unzipped",
        "Exclude what the function does not need, or move it into a layer or an image.",
    ),
    package(
        "layer-layout",
        "A runtime would find nothing in the layer",
        "Each runtime looks into folders of its own. Put the layer's files below one of those that the message names.",
    ),
    package(
        "layer-not-signed",
        "A layer is published without a signature",
        "Its digest is on record, and whoever attaches it to a function verifies it: it needs a signature that the \
        function's CSC allows. Sign it and publish it again, or let whoever uses it endorse it with `countersign sign`.",
    ),
    archive("not-a-zip", "The artifact is not a ZIP"),
    archive("empty-archive", "The archive has no entries"),
    archive("truncated", "The archive is cut short"),
    archive("bytes-before", "There are bytes before the first entry"),
    archive("bytes-between", "There are bytes between entries"),
    archive("bytes-after", "There are bytes after the end of the archive"),
    archive("archive-comment", "The archive has a comment"),
    archive("several-end-records", "The archive has several end records"),
    archive("multi-disk", "The archive is split over several disks"),
    archive("entry-count", "The number of entries is not what the end record says"),
    archive("zip64-malformed", "A ZIP64 record has a wrong shape"),
    archive("zip64-disagrees", "ZIP64 and classic records differ"),
    archive("zip64-unneeded", "A ZIP64 record has a value that needs none"),
    archive("descriptor-form", "A data descriptor has no signature, or 64-bit sizes"),
    archive("descriptor-in-data", "The signature of a data descriptor is in the packed bytes before one"),
    archive("system-unknown", "An entry was made by neither Unix, FAT nor NTFS"),
    archive("version-needed", "An entry says that it needs a ZIP version over 4.5"),
    archive("headers-disagree", "An entry's own header and the directory differ"),
    archive("overlap", "Two entries share bytes"),
    archive("encrypted", "An entry is encrypted"),
    archive("flags-unknown", "An entry has flags that readers take differently"),
    archive("method-unsupported", "An entry is packed in a way that not every reader knows"),
    archive("extra-malformed", "An entry's extra fields have a wrong shape"),
    archive("extra-duplicate", "An entry has the same extra field twice"),
    archive("extra-unicode-path", "An entry has a second name in an extra field"),
    archive("extra-unknown", "An entry has an extra field of an unknown kind"),
    archive("special-file", "An entry is neither a file, a folder nor a link"),
    archive(
        "special-mode",
        "An entry has the setuid, setgid or sticky bit, or is executable to some readers alone",
    ),
    archive("directory-with-data", "A folder has content"),
    archive("stored-size-mismatch", "A stored entry has two sizes"),
    archive("size-mismatch", "An entry unpacks to another size than its header says"),
    archive("crc-mismatch", "An entry does not have the CRC that its header says"),
    archive("deflate-malformed", "An entry does not unpack"),
    archive("deflate-trailing", "There are bytes after an entry's deflate stream"),
    archive("too-many-entries", "The archive has too many entries"),
    archive("too-large", "The archive or an entry is too large"),
    archive("ratio", "The archive unpacks to far too much"),
    archive("duplicate-name", "Two entries have the same name"),
    archive("name-collision", "Two entries have names that some readers or file systems take for one"),
    archive("name-encoding", "An entry's name is not UTF-8 to every reader"),
    archive("name-absolute", "An entry's name is an absolute path"),
    archive("name-parent", "An entry's name leaves the package"),
    archive("name-dot", "An entry's name has an empty or a `.` component"),
    archive("name-backslash", "An entry's name has a backslash"),
    archive("name-control", "An entry's name has a control character"),
    archive("name-device", "An entry's name is a device or a stream on Windows"),
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

/// What the strict reader of `package::read` refuses, where it explains why an artifact differs.
const fn archive(code: &'static str, title: &'static str) -> Rule {
    integrity(
        code,
        title,
        "Two programs could unpack such an archive differently, or none could. Get the artifact again from where it \
        was signed, or make it again with `countersign package`.",
    )
}
