//! Status: how a hook is installed, whether git would run it, and what runs before it.

use std::path::Path;

use super::place::Place;
use super::script::{self, Found};
use super::{Hook, HooksError, Way, manager, setting};

/// The status of a hook in a repository.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// How it is installed, if it is.
    pub way: Option<Way>,
    /// The countersign version that wrote the script.
    pub version: Option<String>,
    /// Why git would not run it.
    pub obstacles: Vec<String>,
    /// What runs before it at the same event: files, and names of settings.
    pub before: Vec<String>,
}

/// Inspects a hook: the setting, then what git runs, then a script that it does not run.
pub fn of(place: &Place, hook: Hook) -> Result<Status, HooksError> {
    let in_setting = setting::is_in(place, hook)?;
    if in_setting && place.knows_settings() {
        return of_setting(place, hook);
    }
    let advice = manager::advice(place, hook)?.filter(|advice| advice.followed);
    let of_line =
        |advice: manager::Advice| Status { way: Some(Way::Line(advice.line.0)), ..Status::default() };
    let advice = match advice {
        Some(advice) if place.elsewhere().is_some() => return Ok(of_line(advice)),
        advice => advice,
    };
    let path = script::place_for(place, hook)?;
    let found = script::look(&path, hook)?;
    if found != Found::Nothing && found != Found::Other {
        return Ok(of_script(place, &path, found));
    }
    if let Some(advice) = advice {
        return Ok(of_line(advice));
    }
    if !in_setting {
        return Ok(Status::default());
    }
    let obstacle = format!("git {} does not run hooks from its settings", place.version());
    Ok(Status {
        way: Some(Way::Setting(setting::name(hook))),
        obstacles: vec![obstacle],
        ..Status::default()
    })
}

fn of_setting(place: &Place, hook: Hook) -> Result<Status, HooksError> {
    let name = setting::name(hook);
    let path = setting::script(place, hook);
    let mut status = Status { way: Some(Way::Setting(name)), ..Status::default() };
    match script::look(&path, hook)? {
        Found::Ours(version) => status.version = Some(version),
        Found::Nothing => status.obstacles.push(format!("`{}` does not exist", path.display())),
        Found::Changed | Found::Other => {
            status.obstacles.push(format!("`{}` differs from what countersign wrote", path.display()));
        }
    }
    add_mode(&mut status, &path);
    let listed = place.listed(hook.name())?;
    match listed.iter().position(|(listed, _)| listed == name) {
        Some(at) if !listed[at].1 => {
            let running = listed[..at].iter().filter(|(_, off)| !off);
            status.before = running.map(|(name, _)| format!("hook.{name}")).collect();
        }
        _ => status.obstacles.push(format!("`git config` disables `hook.{name}`")),
    }
    Ok(status)
}

fn of_script(place: &Place, path: &Path, found: Found) -> Status {
    let mut status = Status { way: Some(Way::Script(path.into())), ..Status::default() };
    match found {
        Found::Ours(version) => status.version = Some(version),
        _ => status.obstacles.push("it differs from what countersign wrote".into()),
    }
    add_mode(&mut status, path);
    if let Some(folder) = place.elsewhere() {
        status.obstacles.push(format!("git runs the hooks in `{}` instead", folder.display()));
    }
    let kept = script::earlier(path);
    if script::is_program(&kept) {
        status.before.push(kept.display().to_string());
    }
    status
}

fn add_mode(status: &mut Status, path: &Path) {
    if path.is_file() && !script::is_program(path) {
        status.obstacles.push(format!("`{}` is not executable", path.display()));
    }
}
