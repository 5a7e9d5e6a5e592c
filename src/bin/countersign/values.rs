//! Values with a fixed set of choices, in any case.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use countersign::csc::Untrusted;
use countersign::profile::Action;
use countersign::revocation::ReasonCode;

/// Parses `Enforce` or `Warn`.
pub fn untrusted() -> impl TypedValueParser<Value = Untrusted> {
    let all = [Untrusted::Enforce, Untrusted::Warn];
    one_of(all.map(|each| (PossibleValue::new(each.name()), each)).to_vec())
}

/// Parses an action by its name, with or without AWS's `signer:` before it.
pub fn action() -> impl TypedValueParser<Value = Action> {
    let all = [Action::StartSigningJob, Action::RevokeSignature];
    let value = |each: Action| {
        let name = each.name();
        (PossibleValue::new(name.strip_prefix("signer:").unwrap_or(name)).alias(name), each)
    };
    one_of(all.map(value).to_vec())
}

/// Parses a reason code.
pub fn reason_code() -> impl TypedValueParser<Value = ReasonCode> {
    one_of(ReasonCode::ALL.map(|each| (PossibleValue::new(each.name()), each)).to_vec())
}

/// Parses one of the choices; the argument sets whether case matters.
fn one_of<T: Clone + Send + Sync + 'static>(
    choices: Vec<(PossibleValue, T)>,
) -> impl TypedValueParser<Value = T> {
    let names: Vec<PossibleValue> = choices.iter().map(|(name, _)| name.clone()).collect();
    PossibleValuesParser::new(names).try_map(move |text| {
        let found = choices.iter().find(|(name, _)| name.matches(&text, true));
        found.map(|(_, value)| value.clone()).ok_or_else(|| format!("`{text}` is not a choice"))
    })
}
