//! AWS names: checked texts for accounts, regions, principals, organizational units and stack sets.

use std::fmt;
use std::str::FromStr;

/// Why a text is not a valid AWS name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}")]
pub struct AwsNameError {
    what: &'static str,
    text: String,
}

macro_rules! aws_names {
    ($($(#[$doc:meta])* $name:ident is $what:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = AwsNameError;

            fn from_str(text: &str) -> Result<Self, AwsNameError> {
                let check: fn(&str) -> bool = $check;
                let fail = || AwsNameError { what: $what, text: crate::shown::shortened(text).into_owned() };
                check(text).then(|| Self(text.into())).ok_or_else(fail)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

aws_names! {
    /// An account's number.
    AwsAccount is "an AWS account: expected 12 digits", |text| is_number(text);

    /// A region's name.
    AwsRegion is "an AWS region such as `eu-west-1`", |text| {
        let parts: Vec<&str> = text.split('-').collect();
        let lower = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        let digits = |part: &str| part.len() == 1 && part.bytes().all(|b| b.is_ascii_digit());
        // Partitions whose ARNs are not supported.
        let other = parts[0] == "eusc" || parts.get(1).is_some_and(|part| part.starts_with("iso"));
        !other && text.len() <= 32 && (3..=5).contains(&parts.len())
            && parts.split_last().is_some_and(|(last, rest)| digits(last) && rest.iter().all(lower))
    };

    /// A principal that a profile permission can name: an account, or a role, user or root of one.
    AwsPrincipal is "an AWS principal: expected an account of 12 digits, or the ARN of a role, a user or a root", |text| {
        is_number(text) || identity(text).is_some_and(|(account, rest)| {
            is_number(account) && (rest == "root" || is_named(rest, ""))
        })
    };

    /// The principals that a service control policy can exempt: roles or users, with `*` in the account or
    /// inside the name.
    AwsPrincipalPattern is "a role or user to exempt, such as `arn:aws:iam::*:role/security-*`", |text| {
        identity(text).is_some_and(|(account, rest)| (is_number(account) || account == "*") && is_named(rest, "*?"))
    };

    /// A unit or the root of an organization.
    OrganizationalUnit is "an organizational unit such as `ou-ab12-34cd56ef`, or a root such as `r-ab12`", |text| {
        let part = |part: &str, least: usize| {
            (least..=32).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        match text.split_once('-') {
            Some(("r", root)) => part(root, 4),
            Some(("ou", rest)) => rest.split_once('-').is_some_and(|(root, unit)| part(root, 4) && part(unit, 8)),
            _ => false,
        }
    };

    /// A stack set's name.
    StackSetName is "a stack set name: expected 1 to 128 of `A-Z`, `a-z`, `0-9` and `-`, the first a letter", |text| {
        (1..=128).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };

    /// The URL of a template that is too large for a request.
    TemplateUrl is "a template URL such as `https://BUCKET.s3.amazonaws.com/template.json`", |text| {
        let rest = text.strip_prefix("https://").unwrap_or_default();
        (1..=5000).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_graphic())
    };
}

impl AwsRegion {
    /// The partition of the region.
    pub fn partition(&self) -> &'static str {
        match self.0.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if self.0.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

fn is_number(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Splits `arn:PARTITION:iam::ACCOUNT:REST`.
fn identity(text: &str) -> Option<(&str, &str)> {
    let (partition, rest) = text.strip_prefix("arn:")?.split_once(":iam::")?;
    (text.len() <= 512 && matches!(partition, "aws" | "aws-cn" | "aws-us-gov")).then_some(())?;
    rest.split_once(':')
}

/// Whether this is `role/…` or `user/…`; with wildcards, the path starts with its own letter or digit.
fn is_named(rest: &str, wildcards: &str) -> bool {
    let name = rest.strip_prefix("role/").or(rest.strip_prefix("user/")).unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c) || wildcards.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_twelve_digits() {
        assert!("123456789012".parse::<AwsAccount>().is_ok());
        for text in ["12345678901", "1234567890123", "12345678901a", "", "*"] {
            assert!(text.parse::<AwsAccount>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_region_lies_in_its_partition() {
        let partition = |text: &str| text.parse::<AwsRegion>().map(|region| region.partition()).ok();
        assert_eq!(partition("eu-west-1"), Some("aws"));
        assert_eq!(partition("ap-southeast-5"), Some("aws"));
        assert_eq!(partition("cn-north-1"), Some("aws-cn"));
        assert_eq!(partition("us-gov-east-1"), Some("aws-us-gov"));
        for text in ["", "eu", "eu-1", "eu-west", "EU-west-1", "eu--1", "eu-west-1;", "us-iso-east-1"] {
            assert_eq!(partition(text), None, "{text}");
        }
    }

    #[test]
    fn a_principal_is_somebody() {
        for text in
            ["123456789012", "arn:aws:iam::123456789012:role/ci/build", "arn:aws-cn:iam::123456789012:root"]
        {
            assert!(text.parse::<AwsPrincipal>().is_ok(), "{text}");
        }
        for text in [
            "*",
            "ci@acme.example",
            "arn:aws:iam::123456789012:role/*",
            "arn:aws:iam::*:root",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:sts::123456789012:assumed-role/x/y",
            "arn:aws:iam::123456789012:group/x",
        ] {
            assert!(text.parse::<AwsPrincipal>().is_err(), "{text}");
        }
    }

    #[test]
    fn nobody_leaves_out_everybody() {
        for text in ["arn:aws:iam::*:role/security-*", "arn:aws:iam::123456789012:user/root-of-trust"] {
            assert!(text.parse::<AwsPrincipalPattern>().is_ok(), "{text}");
        }
        for text in [
            "*",
            "arn:aws:iam::*:*",
            "arn:aws:iam::*:role/*",
            "arn:aws:iam::*:role/?*",
            "arn:*:iam::*:role/x",
        ] {
            assert!(text.parse::<AwsPrincipalPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn units_and_roots_have_their_pattern() {
        assert!("ou-ab12-34cd56ef".parse::<OrganizationalUnit>().is_ok());
        assert!("r-ab12".parse::<OrganizationalUnit>().is_ok());
        for text in ["ou-ab12", "ou-ab12-34", "r-", "o-ab12", "OU-ab12-34cd56ef"] {
            assert!(text.parse::<OrganizationalUnit>().is_err(), "{text}");
        }
    }
}
