//! The page that `countersign --help` prints: the commands in groups.

use std::fmt::Write;

use clap::builder::{StyledStr, Styles};
use clap::{Command, CommandFactory};

use crate::Cli;

/// Every visible command, by the work that it is for.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Everyday", &["init", "join", "package", "sign", "verify", "release", "gate", "inspect"]),
    ("Governance", &["policy", "profile", "csc", "function", "layer", "account", "job", "key", "artifact"]),
    ("Git and CI", &["hooks", "manifest", "workspace", "monitor"]),
    ("AWS and more", &["audit", "export", "import", "stackset", "graph", "completions", "man"]),
];

/// The width of a group's name column, in columns.
const NAME_COLUMNS: usize = 13;

/// The command line, with the grouped list of commands; clap itself has one list only.
pub fn command() -> Command {
    let command = Cli::command();
    let template = template(&command);
    command.help_template(template)
}

fn template(command: &Command) -> StyledStr {
    let style = Styles::styled();
    let (header, literal) = (style.get_header(), style.get_literal());
    let mut text = String::from("{about-with-newline}\n{usage-heading} {usage}\n");
    for (group, names) in GROUPS {
        let _ = write!(text, "\n{header}{group}:{header:#}\n");
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {literal}{name:<NAME_COLUMNS$}{literal:#}{about}");
        }
    }
    let _ = write!(text, "\n{header}Options:{header:#}\n{{options}}{{after-help}}");
    text.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Lines of a screen, and its columns.
    const SCREEN: (usize, usize) = (50, 80);

    #[test]
    fn every_visible_command_is_in_exactly_one_group() {
        let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
        for name in GROUPS.iter().flat_map(|(_, names)| *names) {
            *groups.entry(name).or_default() += 1;
        }
        let command = Cli::command();
        let visible = command.get_subcommands().filter(|each| !each.is_hide_set());
        let visible: BTreeMap<&str, usize> = visible.map(|each| (each.get_name(), 1)).collect();
        assert_eq!(groups, visible);
    }

    /// The page that `--help` prints after these words, at a width.
    fn page(words: &str, option: &str, columns: usize) -> String {
        let arguments = words.split(' ').chain([option]);
        command().term_width(columns).try_get_matches_from(arguments).unwrap_err().to_string()
    }

    #[test]
    fn the_first_page_fits_a_screen() {
        for option in ["-h", "--help"] {
            let page = page("countersign", option, SCREEN.1);
            let widest = page.lines().max_by_key(|line| line.chars().count()).unwrap();
            assert!(widest.chars().count() <= SCREEN.1, "{widest}");
            assert!(page.lines().count() <= SCREEN.0, "{} lines:\n{page}", page.lines().count());
        }
    }

    /// Calls a function with every command that people can see, and its path.
    fn each(command: &Command, path: &str, check: &mut dyn FnMut(&str, &Command)) {
        check(path, command);
        let visible =
            command.get_subcommands().filter(|each| !each.is_hide_set() && each.get_name() != "help");
        visible.for_each(|below| each(below, &format!("{path} {}", below.get_name()), check));
    }

    #[test]
    fn help_wraps_only_where_the_terminal_ends() {
        for columns in [80, 100] {
            each(&Cli::command(), "countersign", &mut |path, _| {
                for line in page(path, "--help", columns).lines() {
                    // clap writes the usage on one line; a word that is too long has no place to wrap.
                    let is_one = line.starts_with("Usage: ") || line.trim_start().split(' ').count() == 1;
                    let is_example = line.starts_with("  ") && columns < 100;
                    let fits = line.chars().count() <= columns;
                    assert!(fits || is_one || is_example, "{path} at {columns}: {line}");
                }
            });
        }
    }

    #[test]
    fn both_help_options_print_the_same() {
        each(&Cli::command(), "countersign", &mut |path, _| {
            assert_eq!(page(path, "-h", 100), page(path, "--help", 100), "{path}");
        });
    }

    #[test]
    fn each_help_paragraph_is_one_source_line() {
        each(&Cli::command(), "countersign", &mut |path, command| {
            let Some(after) = command.get_after_help().map(ToString::to_string) else { return };
            for paragraph in after.split("\n\n") {
                let (first, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
                let indented = rest.lines().all(|line| line.starts_with("  "));
                assert!(rest.is_empty() || first.ends_with(':') && indented, "{path}: {paragraph}");
            }
        });
    }

    #[test]
    fn examples_can_be_pasted() {
        each(&Cli::command(), "countersign", &mut |path, command| {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let Some((_, examples)) = after.split_once("Example") else { return };
            for line in examples.lines().skip(1).take_while(|line| line.starts_with("  ")) {
                let text = line.trim_start();
                assert!(!text.contains("  "), "{path}: columns in an example: {line}");
                assert!(line.chars().count() <= SCREEN.1, "{path}: {line}");
            }
        });
    }

    #[test]
    fn usage_and_examples_fit_a_screen_unwrapped() {
        each(&Cli::command(), "countersign", &mut |path, command| {
            let page = page(path, "--help", SCREEN.1);
            let usage = page.lines().skip_while(|line| !line.starts_with("Usage: "));
            for line in usage.take_while(|line| !line.is_empty()) {
                assert!(line.chars().count() <= SCREEN.1, "{path}: {line}");
            }
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in after.lines().filter(|line| line.starts_with("  ")) {
                assert!(page.lines().any(|shown| shown == line), "{path} wraps: {line}");
            }
        });
    }

    /// A usage line that is written manually leaves out no required argument, except those of a group.
    #[test]
    fn usage_names_each_required_argument() {
        each(&Cli::command(), "countersign", &mut |path, command| {
            let page = page(path, "--help", SCREEN.1);
            let usage: Vec<&str> = page.lines().skip_while(|line| !line.starts_with("Usage: ")).collect();
            let usage = usage.join("\n");
            let (usage, _) = usage.split_once("\n\n").unwrap_or((&usage, ""));
            for argument in command.get_arguments().filter(|each| each.is_required_set()) {
                let name = argument.get_long().map(|long| format!("--{long} ")).unwrap_or_default();
                assert!(usage.contains(&name), "{path}: {name} is not in {usage}");
            }
        });
    }
}
