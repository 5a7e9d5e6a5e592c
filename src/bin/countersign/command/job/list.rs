//! `job list` and `job show`: what the ledger knows, and what has become of each signature since.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use countersign::files;
use countersign::ledger::{self, Line, RecordedJob};
use countersign::limits::{LEDGER_BYTES_MAX, SIGNED_REVOCATION_BYTES_MAX};
use countersign::name::{ArtifactName, JobId, Principal, ProfileName};
use countersign::policy::documents::Kind;
use countersign::profile::Profile;
use countersign::report::escape::line;
use countersign::revocation::signed;
use countersign::revocation::{
    Revocation, Revocations, SignatureTimes, subject_of_artifact, subject_of_job, subject_of_key,
    subject_of_profile,
};
use countersign::time::Timestamp;
use countersign::verify::revocation::{self, Uncounted};
use serde::Serialize;

use super::super::edit::{Documents, artifact_digest};
use super::super::view::ViewArgs;
use crate::complete;
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, refuse};

/// Arguments of `job list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign job list --profile orders_release --since 2026-01-01T00:00:00Z\n  \
    countersign job list --revoked --format json\n  \
    countersign job list --artifact dist/orders.zip")]
pub struct ListArgs {
    /// Only jobs of this profile
    #[arg(long, value_name = "NAME", add = complete::profiles())]
    profile: Option<ProfileName>,
    /// Only jobs requested by this principal
    #[arg(long, value_name = "NAME")]
    principal: Option<Principal>,
    /// Only jobs of this function or layer
    #[arg(long, value_name = "NAME", add = complete::packages())]
    name: Option<ArtifactName>,
    /// Only jobs recorded at or after this time
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only jobs recorded before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only jobs of this artifact: a file, or its SHA-384
    #[arg(long, value_name = "FILE|SHA384")]
    artifact: Option<String>,
    /// Only revoked jobs
    #[arg(long)]
    revoked: bool,
    /// Only expired jobs
    #[arg(long)]
    expired: bool,
    #[command(flatten)]
    view: ViewArgs,
}

#[derive(Serialize)]
struct List {
    jobs: Vec<Record>,
}

/// A recorded job and what has become of it.
#[derive(Serialize)]
struct Record {
    recorded_at: Timestamp,
    sealed: bool,
    expired: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
    #[serde(flatten)]
    job: RecordedJob,
}

impl ListArgs {
    /// Lists the jobs that every option lets through.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let artifact = self.artifact.as_deref().map(|named| artifact_digest(context, named)).transpose()?;
        let ledger = Ledger::open(context, &self.view.trust)?;
        let mut jobs = Vec::new();
        ledger.each(context.now, |record| {
            let job = &record.job;
            let is = self.profile.as_ref().is_none_or(|name| name == job.profile.profile())
                && self.principal.as_ref().is_none_or(|name| *name == job.requested_by)
                && self.name.as_ref().is_none_or(|name| *name == job.name)
                && self.since.is_none_or(|since| record.recorded_at >= since)
                && self.until.is_none_or(|until| record.recorded_at < until)
                && artifact.is_none_or(|artifact| artifact == job.artifact)
                && (!self.expired || record.expired)
                && (!self.revoked || record.revoked.is_some());
            jobs.extend(is.then_some(record));
        })?;
        self.view.show(&List { jobs }, |list| list.jobs.iter().map(list_line).collect())
    }
}

fn state(record: &Record) -> &'static str {
    match (&record.revoked, record.expired) {
        (Some(_), _) => "revoked",
        (None, true) => "expired",
        (None, false) => "valid",
    }
}

fn list_line(record: &Record) -> String {
    let job = &record.job;
    format!(
        "{}  {:<7}  {} {} by {} with {}/{}, recorded {}{}\n",
        job.job.job(),
        state(record),
        job.kind.name(),
        job.name,
        line(job.requested_by.as_str()),
        job.profile.profile(),
        job.profile.version(),
        record.recorded_at,
        super::super::edit::mark(record.sealed),
    )
}

/// Arguments of `job show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// Id of the job
    job: JobId,
    #[command(flatten)]
    view: ViewArgs,
}

#[derive(Serialize)]
struct Shown {
    job: Record,
}

impl ShowArgs {
    /// Shows one job.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let mut found = None;
        Ledger::open(context, &self.view.trust)?.each(context.now, |record| {
            if *record.job.job.job() == self.job {
                found.get_or_insert(record);
            }
        })?;
        let absent = || {
            let hint = "record its manifest with `countersign job record`";
            refuse(format!("the ledger has no job `{}`", self.job), hint)
        };
        let record = found.ok_or_else(absent)?;
        self.view.show(&Shown { job: record }, |shown| text(&shown.job))
    }
}

fn text(record: &Record) -> String {
    let job = &record.job;
    let revoked = record.revoked.as_ref().map_or(String::new(), |why| format!("revoked    {}\n", line(why)));
    format!(
        "job        {}\nstate      {}\n{revoked}recorded   {}{}\n{:<9}  {}\nprofile    {}\nsigned     {} by {}, until {}\nkey        {}\nartifact   {}\npayload    {}\n",
        job.job,
        state(record),
        record.recorded_at,
        super::super::edit::mark(record.sealed),
        job.kind.name(),
        job.name,
        job.profile,
        job.signed_at,
        line(job.requested_by.as_str()),
        job.expires_at,
        job.key,
        job.artifact,
        job.payload,
    )
}

/// The ledger as it is now, with the revocations as they are now.
struct Ledger {
    documents: Documents,
    revocations: BTreeMap<String, Vec<Revocation>>,
    /// The jobs that have a file in `revocations/`.
    signed: BTreeSet<JobId>,
}

impl Ledger {
    fn open(context: &Context, trust: &TrustArgs) -> Result<Self> {
        let documents = Documents::read(context, trust)?;
        documents.check_ledger()?;
        let mut revocations: BTreeMap<String, Vec<Revocation>> = BTreeMap::new();
        for (path, bytes) in documents.of(Kind::Revocations) {
            for each in Revocations::parse(&documents.file(path), bytes)?.into_all() {
                revocations.entry(each.subject()).or_default().push(each);
            }
        }
        let names = files::names_in(&documents.file(signed::FOLDER))?;
        let signed = names.iter().filter_map(|name| signed::job_of(name)).collect();
        Ok(Self { documents, revocations, signed })
    }

    fn each(&self, now: Timestamp, mut each: impl FnMut(Record)) -> Result<()> {
        let path = self.documents.file(ledger::FILE_NAME);
        let sealed = self.documents.sealed(ledger::FILE_NAME).map_or(0, |sealed| sealed.size);
        let mut failed = None;
        ledger::read(&path, self.documents.account(), LEDGER_BYTES_MAX, |end, line| {
            let Line { recorded_at, recorded: job, .. } = line;
            match self.revoked(&job, recorded_at, now) {
                Ok(revoked) => each(Record {
                    recorded_at,
                    sealed: end <= sealed,
                    expired: now >= job.expires_at,
                    revoked,
                    job,
                }),
                Err(error) => drop(failed.get_or_insert(error)),
            }
        })
        .context("cannot read the ledger")?;
        failed.map_or(Ok(()), Err)
    }

    /// Why a job's signature is void, if it is.
    fn revoked(&self, job: &RecordedJob, recorded_at: Timestamp, now: Timestamp) -> Result<Option<String>> {
        let times = SignatureTimes { claimed: job.signed_at, trusted: Some(recorded_at) };
        let subjects = [
            subject_of_job(&job.job),
            subject_of_artifact(&job.artifact),
            subject_of_profile(&job.profile),
            subject_of_key(&job.key),
        ];
        let mut all = subjects.iter().filter_map(|subject| self.revocations.get(subject)).flatten();
        match all.find(|each| each.voids(times)) {
            Some(found) => Ok(Some(found.reason().as_str().to_owned())),
            None if self.signed.contains(job.job.job()) => self.revoked_by_holder(job, now),
            None => Ok(None),
        }
    }

    /// The reason of a signed revocation of a job, if one is valid.
    fn revoked_by_holder(&self, job: &RecordedJob, now: Timestamp) -> Result<Option<String>> {
        let path = Kind::path_of(job.profile.profile());
        let Some(bytes) = self.documents.get(&path) else { return Ok(None) };
        let profile = Profile::parse(&self.documents.file(&path), bytes)?;
        for place in signed::places(&self.documents.file(""), job.job.job()) {
            let Some(bytes) = files::read_if_exists(&place, SIGNED_REVOCATION_BYTES_MAX)? else { continue };
            match revocation::counted(&job.job, &job.profile, &profile, &bytes, now) {
                Ok(Some(found)) => return Ok(Some(found.revocation().reason.as_str().to_owned())),
                Err(Uncounted::FormatNewer(newer)) => return Err(newer.at(&place).into()),
                Ok(None) | Err(Uncounted::Other(_)) => {}
            }
        }
        Ok(None)
    }
}
