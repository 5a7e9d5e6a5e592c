//! The graph of a policy: its documents as nodes and edges, with their states at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Edge, Graph, Id, Kind, Node, State, sharing, shortened};
use crate::arn::{Owner, ProfileArn, PublisherArn};
use crate::crypto::key::KeyId;
use crate::csc::Csc;
use crate::function::Functions;
use crate::name::{AccountName, ArtifactName, ProfileName, ProfileVersion};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::profile::{Action, Permission, Profile, Status, Version};
use crate::revocation::{Revocation, subject_of_key, subject_of_profile};
use crate::time::Timestamp;

/// Most characters shown of a CSC's description.
const DESCRIPTION_CHARS: usize = 36;

/// Other accounts' policies that our CSCs name; `None` for one that cannot be used.
type Others = BTreeMap<AccountName, Option<Arc<Policy>>>;

/// Draws the whole policy, the profiles of other accounts that its CSCs allow, and shared layers.
pub fn graph(policy: &Policy, now: Timestamp) -> Result<Graph, PolicyError> {
    let functions = policy.functions()?;
    let read = |id| policy.csc(&id).transpose();
    let cscs = policy.csc_ids().into_iter().filter_map(read).collect::<Result<Vec<_>, _>>()?;
    let (root, seal) = (policy.root(), policy.snapshot());
    let title = format!(
        "account {}: root {} until {}, seal {} until {}",
        policy.account(),
        root.version(),
        root.expires().date(),
        seal.version,
        seal.expires.date()
    );
    let graph = Graph { title, ..Graph::default() };
    let others = others(policy, &cscs)?;
    let mut drawing = Drawing { own: policy, policy, now, cscs: &cscs, graph, versions: BTreeMap::new() };
    cscs.iter().for_each(|csc| drawing.csc(csc, &functions));
    drawing.functions(&functions);
    for name in policy.profile_names() {
        if let Some(profile) = policy.profile(&name)? {
            drawing.profile(&profile)?;
        }
    }
    for other in others.values().flatten() {
        drawing.policy = other;
        drawing.allowed_profiles()?;
    }
    drawing.policy = policy;
    drawing.missing_publishers(&others);
    let mut graph = drawing.graph;
    sharing::add(&mut graph, policy, now)?;
    Ok(graph)
}

fn others(policy: &Policy, cscs: &[Csc]) -> Result<Others, PolicyError> {
    let mut others = Others::new();
    for publisher in cscs.iter().flat_map(Csc::publishers) {
        let name = publisher.owner().account();
        let is_other = is_of(publisher, name) && name != policy.account();
        if is_other && !others.contains_key(name) {
            match policy.of_account(name) {
                Ok(Some(other)) => drop(others.insert(name.clone(), Some(other))),
                Err(PolicyError::Account { .. }) => drop(others.insert(name.clone(), None)),
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(others)
}

/// Whether the publisher is of this account, not of an AWS account.
fn is_of(publisher: &PublisherArn, account: &AccountName) -> bool {
    *publisher.owner() == Owner::countersign(account.clone())
}

/// The node of the rule that governs a function or a layer, if any.
pub fn rule_of(policy: &Policy, name: &ArtifactName) -> Result<Option<Id>, PolicyError> {
    Ok(policy.functions()?.rule_of(name).map(id_of_rule))
}

fn id_of_rule(index: usize) -> Id {
    Id::new(Kind::Function, format!("{index:09}"))
}

struct Drawing<'a> {
    /// The policy to draw.
    own: &'a Policy,
    /// The policy whose profiles are being drawn: the same one, or another account's.
    policy: &'a Policy,
    now: Timestamp,
    cscs: &'a [Csc],
    graph: Graph,
    /// The versions of each profile.
    versions: BTreeMap<(AccountName, ProfileName), BTreeSet<ProfileVersion>>,
}

impl Drawing<'_> {
    fn account(&self) -> AccountName {
        self.policy.account().clone()
    }

    /// A profile's name with its account, since names are not unique.
    fn key(&self, profile: &ProfileName) -> String {
        let (own, account) = (self.own.account(), self.policy.account());
        if own == account { profile.to_string() } else { format!("{account}:{profile}") }
    }

    /// The revocations in our policy and in that of the profile's account.
    fn revocations_of(&self, subject: &str) -> Result<Vec<Revocation>, PolicyError> {
        let subjects = [subject.to_owned()];
        let mut found = self.own.revocations_of(&subjects)?;
        if self.own.account() != self.policy.account() {
            found.extend(self.policy.revocations_of(&subjects)?);
        }
        Ok(found)
    }

    fn node(&mut self, id: Id, lines: Vec<String>, (state, why): (State, String)) {
        let account = self.account();
        self.graph.nodes.entry(id).or_insert(Node { account, lines, state, why });
    }

    fn edge(&mut self, from: Id, to: Id, label: impl Into<String>, state: State) {
        self.graph.edges.insert(Edge { from, to, label: label.into(), state });
    }

    fn functions(&mut self, functions: &Functions) {
        let rules = functions.rules();
        for (index, rule) in rules.iter().enumerate() {
            let before = rules[..index].iter().position(|earlier| earlier.pattern().covers(rule.pattern()));
            let state = match before {
                Some(earlier) => (State::Unused, format!("hidden by rule {}", earlier + 1)),
                None => (State::Good, String::new()),
            };
            let edge = state.0;
            let id = id_of_rule(index);
            let mut lines = vec![rule.pattern().to_string(), format!("rule {}", index + 1)];
            lines.extend((!rule.source().is_default()).then(|| "source artifact".to_owned()));
            self.node(id.clone(), lines, state);
            let csc = Id::new(Kind::Csc, rule.csc().as_str());
            // Only a missing CSC has no node yet.
            let missing = (State::Missing, "does not exist".to_owned());
            self.node(csc.clone(), vec![rule.csc().to_string()], missing);
            self.edge(csc, id, "", edge);
        }
    }

    fn csc(&mut self, csc: &Csc, functions: &Functions) {
        let id = Id::new(Kind::Csc, csc.id().as_str());
        let mut lines = vec![csc.id().to_string(), csc.untrusted().name().to_owned()];
        if !csc.description().trim().is_empty() {
            lines.push(shortened(csc.description().trim(), DESCRIPTION_CHARS));
        }
        let is_used = functions.cscs().any(|each| each == csc.id());
        let unused = (State::Unused, "governs nothing".to_owned());
        self.node(id, lines, if is_used { (State::Good, String::new()) } else { unused });
    }

    /// The account's profiles that a CSC allows.
    fn allowed_profiles(&mut self) -> Result<(), PolicyError> {
        let publishers = self.cscs.iter().flat_map(Csc::publishers);
        let ours = publishers.filter(|publisher| is_of(publisher, self.policy.account()));
        for name in ours.map(PublisherArn::profile).collect::<BTreeSet<_>>() {
            if let Some(profile) = self.policy.profile(name)? {
                self.profile(&profile)?;
            }
        }
        Ok(())
    }

    fn profile(&mut self, profile: &Profile) -> Result<(), PolicyError> {
        let key = self.key(profile.name());
        let id = Id::new(Kind::Profile, key.as_str());
        let mut states = Vec::new();
        for version in profile.versions() {
            let version_id = Id::new(Kind::Version, format!("{key}/{}", version.version));
            let allowed = self.allowed_by(profile, version);
            let (state, why) = self.version_state(profile, version, !allowed.is_empty())?;
            let lines = vec![
                format!("{}/{}", profile.name(), version.version),
                format!("{}, created {}", version.status.name(), version.created.date()),
            ];
            self.node(version_id.clone(), lines, (state, why));
            self.edge(id.clone(), version_id.clone(), "", state);
            for (csc, label) in allowed {
                self.edge(version_id.clone(), csc, label, state);
            }
            states.push(state);
        }
        let versions = profile.versions().iter().map(|version| version.version.clone());
        self.versions.insert((self.account(), profile.name().clone()), versions.collect());
        let state = match states.iter().min() {
            Some(State::Good) | None => (State::Good, String::new()),
            Some(State::Unused) => (State::Unused, "no CSC allows it".to_owned()),
            Some(best) => (*best, "no version signs".to_owned()),
        };
        self.node(id.clone(), vec![profile.name().to_string()], state);
        for permission in profile.permissions() {
            self.permission(&id, permission)?;
        }
        Ok(())
    }

    /// The CSCs that allow a version, each with a label.
    fn allowed_by(&self, profile: &Profile, version: &Version) -> Vec<(Id, &'static str)> {
        let arn = ProfileArn::new(self.account(), profile.name().clone(), version.version.clone());
        let each = |csc: &Csc| {
            let publisher = csc.publishers().iter().find(|publisher| publisher.allows(&arn))?;
            let label = if publisher.version().is_some() { "this version" } else { "every version" };
            Some((Id::new(Kind::Csc, csc.id().as_str()), label))
        };
        self.cscs.iter().filter_map(each).collect()
    }

    fn version_state(
        &self,
        profile: &Profile,
        version: &Version,
        is_allowed: bool,
    ) -> Result<(State, String), PolicyError> {
        let arn = ProfileArn::new(self.account(), profile.name().clone(), version.version.clone());
        let revoked = self.revocations_of(&subject_of_profile(&arn))?;
        Ok(match (revoked.first(), version.status) {
            (Some(revocation), _) => (State::Revoked, from_when(revocation)),
            (None, Status::Revoked) => (State::Revoked, "altogether".into()),
            (None, Status::Canceled) => (State::Canceled, String::new()),
            (None, Status::Active) if !is_allowed => (State::Unused, "no CSC allows it".into()),
            (None, Status::Active) => (State::Good, String::new()),
        })
    }

    /// A principal with its key, and its actions on the profile.
    fn permission(&mut self, profile: &Id, permission: &Permission) -> Result<(), PolicyError> {
        let key = permission.key.id();
        let revoked = self.revocations_of(&subject_of_key(&key))?;
        let id = Id::new(Kind::Principal, format!("{} {key}", permission.principal));
        let is_over = permission.not_after.is_some_and(|end| end <= self.now);
        let is_early = permission.not_before > self.now;
        let edge = match (revoked.is_empty(), is_over || is_early) {
            (false, _) => State::Revoked,
            (true, true) => State::Expired,
            (true, false) => State::Good,
        };
        let state = match revoked.first() {
            Some(revocation) => (State::Revoked, format!("key {}", from_when(revocation))),
            None if edge == State::Expired => (State::Expired, "no permission in force".into()),
            None => (State::Good, String::new()),
        };
        // One permission in force is enough for the principal to be in force.
        let better = self.graph.nodes.get(&id).is_some_and(|held| state.0 < held.state);
        if better {
            self.graph.nodes.remove(&id);
        }
        self.node(id.clone(), vec![permission.principal.to_string(), short_key(&key)], state);
        let said = |action: &Action| match action {
            Action::StartSigningJob => "can sign",
            Action::RevokeSignature => "can revoke",
        };
        let actions: Vec<&str> = permission.actions.iter().map(said).collect();
        let when = match (is_early, permission.not_after) {
            (true, _) => format!(" from {}", permission.not_before.date()),
            (false, Some(end)) => format!(" until {}", end.date()),
            (false, None) => String::new(),
        };
        self.edge(id, profile.clone(), format!("{}{when}", actions.join(", ")), edge);
        Ok(())
    }

    /// The publishers that a CSC allows but that do not exist here.
    fn missing_publishers(&mut self, others: &Others) {
        for csc in self.cscs {
            for publisher in csc.publishers() {
                if self.is_known(publisher) {
                    continue;
                }
                let id = Id::new(Kind::Version, publisher.to_string());
                let version = publisher.version().map_or("*", ProfileVersion::as_str);
                let account = publisher.owner().account().clone();
                let why = match others.get(&account) {
                    _ if !is_of(publisher, &account) => "of AWS, not checked",
                    Some(None) => "its account's policy cannot be used",
                    None if account != *self.own.account() => "of an unknown account",
                    Some(Some(_)) | None => "does not exist",
                };
                let lines = vec![format!("{}/{version}", publisher.profile())];
                let node = Node { account, lines, state: State::Missing, why: why.into() };
                self.graph.nodes.entry(id.clone()).or_insert(node);
                self.edge(id, Id::new(Kind::Csc, csc.id().as_str()), "", State::Missing);
            }
        }
    }

    fn is_known(&self, publisher: &PublisherArn) -> bool {
        let account = publisher.owner().account();
        let versions = self.versions.get(&(account.clone(), publisher.profile().clone()));
        let has = |versions: &BTreeSet<ProfileVersion>| {
            publisher.version().is_none_or(|each| versions.contains(each))
        };
        is_of(publisher, account) && versions.is_some_and(has)
    }
}

fn from_when(revocation: &Revocation) -> String {
    let code = revocation.reason_code().name();
    revocation.effective().map_or(code.to_owned(), |from| format!("from {} ({code})", from.date()))
}

fn short_key(key: &KeyId) -> String {
    shortened(key.as_str(), 20)
}
