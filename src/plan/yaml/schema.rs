//! The meaning of an unquoted text: do all readers see the same text, number or boolean?
//!
//! YAML 1.1 has numbers, dates and booleans that 1.2 reads as texts or as other numbers: `0644` is 420 or
//! 644, `1:30` is 90, `1_000` is 1000, `on` is true. If any schema in use sees more than a text, the value is
//! ambiguous, except integers in their one decimal form, `true` and `false`.

/// Longest integer that no reader rounds, in characters.
const INTEGER_CHARS: usize = 15;

/// Whether every schema reads it as null.
pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Whether schemas read it as different values.
pub fn is_ambiguous(text: &str) -> bool {
    if is_integer(text) || matches!(text, "true" | "false") {
        return false;
    }
    let word = text.to_ascii_lowercase();
    matches!(word.as_str(), "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null")
        || matches!(text, "=" | "<<")
        || is_number(&word)
        || is_date(text)
}

/// Whether it is a boolean only by the letter of YAML 1.1: no reader of templates treats it as one.
pub fn is_letter(text: &str) -> bool {
    matches!(text, "y" | "Y" | "n" | "N")
}

/// `0`, `12`, `-7`.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_short =
        (1..=INTEGER_CHARS).contains(&text.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_short && (text == "0" || digits.as_bytes().first().is_some_and(|byte| *byte != b'0'))
}

/// Every number of any schema, and some texts that look like one: `0x1F`, `0o7`, `1_0`, `1:30`, `.5`, `1e3`, `.inf`.
fn is_number(word: &str) -> bool {
    let body = word.strip_prefix(['-', '+']).unwrap_or(word);
    if matches!(body, ".inf" | ".nan" | "inf" | "infinity" | "nan") {
        return true;
    }
    if let Some(rest) = body.strip_prefix("0x").or(body.strip_prefix("0o")).or(body.strip_prefix("0b")) {
        return rest.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'_');
    }
    let (mantissa, exponent) = body.split_once('e').unwrap_or((body, "0"));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let is_digits = |text: &str, also: &[u8]| {
        text.bytes().all(|byte| byte.is_ascii_digit() || also.contains(&byte))
            && text.bytes().any(|byte| byte.is_ascii_digit())
    };
    is_digits(mantissa, b"_:.")
        && mantissa.matches('.').count() < 2
        && is_digits(exponent, b"_")
        && mantissa.starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

/// `2012-10-17`, with or without a time after it.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    year.len() == 4
        && is_digits(year)
        && (1..=2).contains(&month.len())
        && is_digits(month)
        && (1..=2).contains(&digits)
        && matches!(rest.as_bytes().get(digits), None | Some(b'T' | b't' | b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_dates_and_truth_values_of_any_schema_are_ambiguous() {
        for text in "0644 00 01 -01 +1 -0 08 0x1F 0xg 0o17 0b101 1_000 1:30 190:20:30 1.5 1. .5 -.5 +1.0 1e3 1E+3 1.5e-3 \
            685_230.15 190:20:30.15 .inf -.Inf .NaN nan y Y n yes Yes NO on Off True FALSE TRUE = << 2012-10-17 2001-1-1 \
            2001-12-14t21:59:43.10-05:00 1234567890123456"
            .split_whitespace()
            .filter(|text| *text != "0xg")
        {
            assert!(is_ambiguous(text), "{text}");
        }
        assert!(is_ambiguous("2001-12-14 21:59:43"));
    }

    #[test]
    fn texts_integers_true_and_false_are_not() {
        for text in "orders 0 7 -7 123456789012 true false a1 1a 0xg 1.2.3 10.0.0.0/16 2012-10-17x 20-10-17 arn:aws:s3 . .. \
            - -- _ _1 :1 1-2 e3 .e3 s3://a/b python3.13 nodejs24.x t trueish"
            .split_whitespace()
        {
            assert!(!is_ambiguous(text), "{text}");
        }
        assert!(is_null("~") && is_null("") && is_null("null") && !is_null("nil"));
    }
}
