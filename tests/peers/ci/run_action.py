"""What does GitHub's runner make of a composite action?

    run_action.py REQUEST       a JSON file; what came of it is JSON on standard output

The request: `action` (its folder), `workspace`, `temp`, `github` (the context's values), `with` (the inputs) and `env`
(the job's variables). Done as the runner does: defaults of inputs, expressions in `env:` and `outputs:`, the shell's own
command line, the files behind GITHUB_OUTPUT and its like, and workflow commands on the log, `::x::` and `##[x]` alike.
An expression where a shell would read it, and any that is not a plain look-up, is an error here.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

SHELLS = {"sh": ["sh", "-e"], "bash": ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]}
COMMANDS = {
    "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "internal-set-repo-path",
    "notice", "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning",
}  # fmt: skip
FILES = ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE"]


def evaluate(text, contexts):
    """The text with its expressions replaced; each is one look-up such as `inputs.name`."""

    def value(match):
        path = match[1].split(".")
        if not all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", name) for name in path):
            raise SystemExit(f"an expression that is no look-up: {match[0]}")
        found = contexts
        for name in path:
            found = found.get(name, {}) if isinstance(found, dict) else {}
        return found if isinstance(found, str) else ""

    return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", value, str(text))


def pairs(text):
    """`NAME=VALUE` lines, and `NAME<<END` up to a line that is END."""
    found, lines = {}, re.split(r"\r\n|\n|\r", text)
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            found[line[:equals]] = line[equals + 1 :]
        elif heredoc > 0 and line[heredoc + 2 :]:
            value, end = [], line[heredoc + 2 :]
            while not lines or lines[0] != end:
                if not lines:
                    raise SystemExit(f"no end of {line!r}")
                value.append(lines.pop(0))
            lines.pop(0)
            found[line[:heredoc]] = "\n".join(value)
        else:
            raise SystemExit(f"no output: {line!r}")
    return found


def command(line):
    """The workflow command in a line of the log, if the runner sees one."""
    match = re.match(r"\s*::(.*?)::(.*)", line, re.DOTALL)
    match = match if match and match[1].split(" ")[0] in COMMANDS else re.search(r"##\[(.*?)\](.*)", line, re.DOTALL)
    if not match or match[1].split(" ")[0] not in COMMANDS:
        return None
    data = match[2].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    return {"name": match[1].split(" ")[0], "properties": match[1].partition(" ")[2], "data": data}


def run_step(step, number, request, contexts, environment):
    own = Path(request["temp"]) / "_runner_file_commands" / str(number)
    own.mkdir(parents=True)
    environment = dict(environment)
    for name in FILES:
        (own / name).touch()
        environment[name] = str(own / name)
    environment |= {name: evaluate(value, contexts) for name, value in step.get("env", {}).items()}
    if "${{" in step["run"]:
        raise SystemExit(f"a shell reads an expression: {step['run']}")
    script = own / "script.sh"
    script.write_text(step["run"])
    ran = subprocess.run(
        [*SHELLS[step["shell"]], str(script)],
        cwd=request["workspace"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=300,
    )  # fmt: skip
    log = (ran.stdout + ran.stderr).decode(errors="replace")
    return {
        "status": ran.returncode,
        "log": log,
        "commands": [found for line in re.split(r"\r\n|\n|\r", log) if (found := command(line))],
        "outputs": pairs((own / "GITHUB_OUTPUT").read_text()),
        "env": (own / "GITHUB_ENV").read_text(),
        "path": (own / "GITHUB_PATH").read_text(),
        "summary": (own / "GITHUB_STEP_SUMMARY").read_text(),
    }


def main():
    request = json.loads(Path(sys.argv[1]).read_text())
    action = yaml.safe_load((Path(request["action"]) / "action.yml").read_text())
    unknown = set(request["with"]) - set(action["inputs"])
    if unknown:
        raise SystemExit(f"the action has no inputs {unknown}")
    inputs = {name: str(about.get("default", "")) for name, about in action["inputs"].items()} | request["with"]
    contexts = {"inputs": inputs, "github": request["github"], "steps": {}}
    environment = dict(request["env"])
    environment |= {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_ACTION_PATH": request["action"]}
    environment |= {"GITHUB_WORKSPACE": request["workspace"], "RUNNER_TEMP": request["temp"]}
    # The runner leaves both empty in the variables of a composite action's own steps.
    hidden = {"action_repository", "action_ref"}
    environment |= {f"GITHUB_{n.upper()}": v for n, v in request["github"].items() if n not in hidden}
    steps = {}
    for number, step in enumerate(action["runs"]["steps"]):
        extra = set(step) - {"name", "id", "shell", "env", "run"}
        if extra:
            raise SystemExit(f"not known here: {extra}")
        steps[step["id"]] = run_step(step, number, request, contexts, environment)
        contexts["steps"][step["id"]] = steps[step["id"]]
        if steps[step["id"]]["status"] != 0:
            break
    outputs = {name: evaluate(about["value"], contexts) for name, about in action["outputs"].items()}
    succeeded = all(step["status"] == 0 for step in steps.values())
    json.dump({"succeeded": succeeded, "steps": steps, "outputs": outputs}, sys.stdout)


main()
