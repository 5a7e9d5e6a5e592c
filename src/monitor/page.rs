//! The page: the answer as a single HTML file without scripts and external resources.
//!
//! The template is compiled, and escapes every value. A content security policy in the page's head allows
//! only the style sheet, by its digest, so that even an unescaped value could not run or make requests.

use askama::Template;
use base64ct::{Base64, Encoding};

use super::answer::{Answer, Cause, Counts, Function};
use super::plot::{Bucket, Buckets, round_up};
use super::readiness::Readiness;
use super::text::many;
use crate::digest::Sha256;
use crate::limits::{CAUSES_SHOWN, PAGE_FUNCTIONS_MAX};
use crate::metrics::Occasion;
use crate::report::escape::line;
use crate::report::{Check, Decision};

const STYLE: &str = include_str!("page/page.css");

/// The plot's size, in the units of its view box.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 260.0;
/// Space for the numbers on the left and the dates below.
const LEFT: f64 = 64.0;
const BELOW: f64 = 48.0;
const ABOVE: f64 = 26.0;

/// A sparkline's size.
const SPARK_WIDTH: f64 = 180.0;
const SPARK_HEIGHT: f64 = 32.0;

#[derive(Template)]
#[template(path = "page.html", config = "src/monitor/page/askama.toml")]
struct Page<'a> {
    style: &'static str,
    style_digest: String,
    headline: String,
    window: String,
    answer: &'a Answer,
    tiles: Vec<Tile>,
    legend: Vec<(&'static str, u64)>,
    plot: Plot,
    rows: Vec<Row<'a>>,
    more_functions: usize,
    malformed: Vec<(String, u64, String)>,
    journals: Vec<String>,
}

struct Tile {
    readiness: Readiness,
    count: usize,
}

struct Plot {
    bars: Vec<Bar>,
    lines: Vec<(f64, u64)>,
    dates: Vec<(f64, &'static str, String)>,
    bottom: f64,
    is_empty: bool,
}

/// A stack of parts, one for each check with findings.
struct Bar {
    x: f64,
    width: f64,
    label: String,
    parts: Vec<Part>,
}

struct Part {
    y: f64,
    height: f64,
    check: &'static str,
}

struct Row<'a> {
    function: &'a Function,
    causes: &'a [Cause],
    more_causes: usize,
    sparks: Vec<Spark>,
    spark_label: String,
}

struct Spark {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    class: &'static str,
}

/// Renders the page.
pub fn render(answer: &Answer) -> String {
    let buckets = Buckets::over(answer.since, answer.until);
    let safe = answer.readiness.get(&Readiness::Safe).copied().unwrap_or_default();
    let warning =
        answer.functions.len() - answer.readiness.get(&Readiness::Enforced).copied().unwrap_or_default();
    let page = Page {
        style: STYLE,
        style_digest: Base64::encode_string(Sha256::of(STYLE.as_bytes()).as_bytes()),
        headline: match warning {
            0 if answer.functions.is_empty() => "No verdicts in this time".into(),
            0 => "Everything is enforced".into(),
            _ => format!("{safe} of {} ready for Enforce", many(warning as u64, "function or layer")),
        },
        window: format!("{} to {}, {}", answer.since, answer.until, many(answer.counts.verdicts, "verdict")),
        answer,
        tiles: Readiness::ALL
            .map(|readiness| Tile {
                readiness,
                count: answer.readiness.get(&readiness).copied().unwrap_or_default(),
            })
            .into(),
        legend: Check::VERDICT.map(|check| (check.name(), answer.counts.errors_of(check))).into(),
        plot: plot(&buckets, &buckets.fill(&answer.days)),
        rows: answer.functions.iter().take(PAGE_FUNCTIONS_MAX).map(|each| row(&buckets, each)).collect(),
        more_functions: answer.functions.len().saturating_sub(PAGE_FUNCTIONS_MAX),
        malformed: answer
            .malformed
            .iter()
            .map(|each| (line(&each.journal), each.line, line(&each.what)))
            .collect(),
        journals: answer.journals.iter().map(|journal| line(&journal.path)).collect(),
    };
    page.render().expect("a template that was compiled renders into a text") + "\n"
}

impl Page<'_> {
    fn height(&self) -> f64 {
        HEIGHT
    }

    fn width(&self) -> f64 {
        WIDTH
    }

    fn left(&self) -> f64 {
        LEFT
    }

    fn spark_width(&self) -> f64 {
        SPARK_WIDTH
    }

    fn spark_height(&self) -> f64 {
        SPARK_HEIGHT
    }

    fn errors(&self, counts: &Counts) -> Vec<(&'static str, u64)> {
        Check::VERDICT.map(|check| (check.name(), counts.errors_of(check))).into()
    }

    fn occasions(&self, counts: &Counts) -> Vec<(&'static str, u64)> {
        Occasion::ALL.map(|each| (each.name(), counts.on(each))).into()
    }

    /// A sentence split at its backticks; the text between two is code.
    fn pieces<'a>(&self, text: &'a str) -> Vec<(bool, &'a str)> {
        text.split('`').enumerate().map(|(index, piece)| (index % 2 == 1, piece)).collect()
    }

    fn deployments(&self, counts: &Counts) -> u64 {
        counts.on(Occasion::Deploy)
    }

    fn warned(&self, counts: &Counts) -> u64 {
        counts.decided(Decision::Warned)
    }

    fn denied(&self, counts: &Counts) -> u64 {
        counts.decided(Decision::Denied)
    }
}

fn plot(buckets: &Buckets, filled: &[Bucket]) -> Plot {
    let bottom = HEIGHT - BELOW;
    let top = round_up(filled.iter().map(Bucket::total).max().unwrap_or_default().max(2));
    let scale = (bottom - ABOVE) / top as f64;
    let step = (WIDTH - LEFT) / filled.len().max(1) as f64;
    let bar = |(index, bucket): (usize, &Bucket)| {
        let mut y = bottom;
        let each = |(check, count): (Check, u64)| {
            let height = count as f64 * scale;
            y -= height;
            Part { y: round(y), height: round(height), check: check.name() }
        };
        let found = Check::VERDICT.into_iter().zip(bucket.errors).filter(|(_, count)| *count > 0);
        Bar {
            x: round(LEFT + step * index as f64 + step * 0.12),
            width: round(step * 0.76),
            label: format!("{}: {}", buckets.label(index as i64), in_words(bucket)),
            parts: found.map(each).collect(),
        }
    };
    let last = buckets.count() - 1;
    let middle = |index: i64| round(LEFT + step * (index as f64 + 0.5));
    let mut dates = vec![(LEFT, "start", buckets.first_date(0))];
    if last >= 2 {
        dates.push((middle(last / 2), "middle", buckets.first_date(last / 2)));
    }
    if last >= 1 {
        dates.push((WIDTH, "end", buckets.first_date(last)));
    }
    Plot {
        bars: filled.iter().enumerate().filter(|(_, bucket)| bucket.total() > 0).map(bar).collect(),
        lines: [0, top / 2, top].map(|number| (round(bottom - number as f64 * scale), number)).into(),
        dates,
        bottom,
        is_empty: filled.iter().all(|bucket| bucket.total() == 0),
    }
}

fn in_words(bucket: &Bucket) -> String {
    let found = Check::VERDICT.into_iter().zip(bucket.errors).filter(|(_, count)| *count > 0);
    let found: Vec<String> = found.map(|(check, count)| format!("{count} {}", check.name())).collect();
    format!("{} in {}", found.join(", "), many(bucket.verdicts, "verdict"))
}

fn row<'a>(buckets: &Buckets, function: &'a Function) -> Row<'a> {
    let filled = buckets.fill(&function.days);
    let top = filled.iter().map(Bucket::total).max().unwrap_or_default().max(1);
    let step = SPARK_WIDTH / filled.len().max(1) as f64;
    let spark = |(index, bucket): (usize, &Bucket)| {
        // A day with verdicts has a mark on the baseline; findings rise from there.
        let (class, height) = match (bucket.total(), bucket.verdicts) {
            (0, 0) => return None,
            (0, _) => ("quiet", 3.0),
            (errors, _) => ("found", 5.0 + (SPARK_HEIGHT - 5.0) * errors as f64 / top as f64),
        };
        let (x, width) = (round(step * index as f64 + step * 0.1), round(step * 0.8));
        Some(Spark { x, y: round(SPARK_HEIGHT - height), width, height: round(height), class })
    };
    let days = filled.iter().filter(|bucket| bucket.total() > 0).count();
    let of = filled.iter().filter(|bucket| bucket.verdicts > 0).count();
    Row {
        function,
        causes: &function.causes[..function.causes.len().min(CAUSES_SHOWN)],
        more_causes: function.causes.len().saturating_sub(CAUSES_SHOWN),
        sparks: filled.iter().enumerate().filter_map(spark).collect(),
        spark_label: format!("errors in {days} of {of} times with verdicts"),
    }
}

/// A hundredth of a unit is finer than any screen.
fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
