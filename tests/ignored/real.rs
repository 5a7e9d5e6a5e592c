//! Rule files as projects have them: those that the templates of each language start with, and odd ones.

use std::fs;

use super::{compare, git, of_git};
use crate::support::{scratch, write};

/// Files that some of the rules are about.
const PATHS: &[&str] = &[
    "a b.txt",
    "c ",
    "d ",
    "e.txt",
    " e.txt",
    "f.txt",
    "f.txt\t",
    "#a",
    "!b",
    "*.md",
    "x.md",
    "a?c",
    "abc",
    "*.txt",
    r"\x",
    r"end\",
    "]",
    "Ab",
    "1.txt",
    "_x",
    "~y",
    ".DS_Store",
    "._x",
    "Icon\r",
    "Icon",
    "README.md",
    "package.json",
    "app.js",
    "app.log",
    "npm-debug.log.1",
    "report.1.2.3.4.json",
    ".env",
    ".env.local",
    ".env.example",
    ".npm/x",
    ".yarn/cache/x",
    ".yarn/releases/y",
    ".pnp.js",
    "x.tsbuildinfo",
    "node_modules/a/i.js",
    "src/node_modules/b/i.js",
    "coverage/x",
    "build/Release/x",
    "build/keep.txt",
    "build/x",
    "dist/x",
    "out/x",
    ".next/x",
    "src/a.py",
    "src/b.py",
    "src/a.pyc",
    "src/__pycache__/a.pyc",
    "src/lib/c.txt",
    "src/lib/d.py",
    "lib/x.so",
    "x/lib/c.txt",
    "src/x/deep/y",
    "deep/x",
    "venv/bin/x",
    ".venv/x",
    "x.egg-info/PKG",
    ".coverage.1",
    ".coverage",
    "nb/.ipynb_checkpoints/x/y",
    "src/src/b.py",
    "A.class",
    "lib/a.jar",
    "gradle/wrapper/gradle-wrapper.jar",
    ".mvn/wrapper/maven-wrapper.jar",
    "target/x",
    "src/main/java/target/T.java",
    "src/test/target/x",
    "src/build/x",
    "a/build/x",
    ".idea/codeStyles/x",
    ".idea/workspace.xml",
    "p.iml",
    "hs_err_pid12.log",
    "orders",
    "bin/orders",
    "cmd/a/orders",
    "cmd/orders/main.go",
    "vendor/m/m.go",
    "x.test",
    "main.go",
    "Cargo.lock",
    "sub/Cargo.lock",
    "sub/target/x",
    "a.rs.bk",
    "x/y.rs.bk",
    "Debug/x",
    "debug/x",
    "obj/x",
    "x.Cache/y",
    "w.cache",
    ".Cache/z",
    "packages/build/x",
    "packages/a/x",
    "Packages/build/x",
    "_ReSharper.x/y",
    "~$a.doc",
    "a~",
    "{{cookiecutter.slug}}/token",
    "y.log",
    "y.tmp",
    "y.{log,tmp}",
    "{% if x %}z",
    "logs/a",
    "logs/keep.txt",
    "logs/deep/b",
    "logs/deep/keep.txt",
    ".terraform/x/y",
    "sub/.terraform/z",
    ".terraform.lock.hcl",
    "a.tfstate",
    "a.tfstate.1",
    "override.tf",
    "a_override.tf",
    "crash.x.log",
    "x.tfvars",
    "a/b/c",
    "a/x/b/c",
    "a/x/y/b/c",
    "a/x/b/d",
];

/// Names of kinds of projects, and their rules.
const FILES: &[(&str, &str)] = &[
    (
        "node",
        "# Logs
logs
*.log
npm-debug.log*
yarn-error.log*
# Diagnostic reports
report.[0-9]*.[0-9]*.[0-9]*.[0-9]*.json
# Runtime data
pids
*.pid
*.seed
*.pid.lock
lib-cov
coverage
*.lcov
.nyc_output
bower_components
.lock-wscript
build/Release
node_modules/
jspm_packages/
*.tsbuildinfo
.npm
.eslintcache
.env
.env.*
!.env.example
.next
out
.cache/
dist
.yarn/*
!.yarn/releases
!.yarn/plugins
.pnp.*
",
    ),
    (
        "python",
        "# Byte-compiled / optimized / DLL files
__pycache__/
*.py[cod]
*$py.class
*.so
.Python
build/
develop-eggs/
dist/
eggs/
.eggs/
lib/
lib64/
sdist/
var/
wheels/
*.egg-info/
.installed.cfg
*.egg
MANIFEST
htmlcov/
.coverage
.coverage.*
.cache
*.cover
.hypothesis/
.venv
env/
venv/
ENV/
.mypy_cache/
.idea/
**/.ipynb_checkpoints/**
",
    ),
    (
        "java",
        "*.class
*.log
*.ctxt
*.jar
!**/gradle-wrapper.jar
*.war
hs_err_pid*
replay_pid*
target/
!.mvn/wrapper/maven-wrapper.jar
!**/src/main/**/target/
!**/src/test/**/target/
.gradle
**/build/
!src/**/build/
.idea/*
!.idea/codeStyles
*.iml
out/
",
    ),
    (
        "go",
        "*.exe
*.exe~
*.dll
*.so
*.test
*.out
vendor/
go.work
/bin
/orders
/cmd/*/orders
",
    ),
    (
        "rust",
        "/target
**/*.rs.bk
*.pdb
/Cargo.lock
",
    ),
    (
        "visual studio",
        "[Dd]ebug/
[Rr]elease/
x64/
[Bb]in/
[Oo]bj/
[Ll]og/
*.[Cc]ache
!?*.[Cc]ache/
*.[Pp]ublish.xml
_ReSharper*/
*.[Rr]e[Ss]harper
~$*
*~
[Ee]xpress/
**/[Pp]ackages/*
!**/[Pp]ackages/build/
",
    ),
    (
        "cookiecutter",
        "{{cookiecutter.slug}}/
{% if x %}*
*.{log,tmp}
",
    ),
    (
        "allow list",
        "/*
!/src/
!/.gitignore
!*/
src/*
!src/*.py
!src/lib/
",
    ),
    (
        "allow list by extension",
        "*
!*/
!*.py
!*.go
",
    ),
    (
        "terraform",
        "**/.terraform/*
*.tfstate
*.tfstate.*
crash.log
crash.*.log
*.tfvars
override.tf
*_override.tf
.terraformrc
",
    ),
    ("mac", "# General\n.DS_Store\n.AppleDouble\nIcon\r\r\n._*\n.Spotlight-V100\n"),
    ("spaces", "a b.txt   \nc\\ \nd\\  \n e.txt\nf.txt\t\n"),
    (
        "escapes",
        r"\#a
\!b
\*.md
a\?c
[*].txt
\\x
end\
",
    ),
    (
        "classes",
        "[[:digit:]]*
*.[[:alpha:]][[:alpha:]]
[![:alnum:]_.]*
[]]
[^a-z]b
",
    ),
    (
        "anchors",
        "src/lib
/src/*.py
*/lib/c.txt
src/**/deep
**/x
**/src/b.py
a/**/b/c
",
    ),
    (
        "nested negation",
        "build/
!build/keep.txt
logs/*
!logs/keep.txt
!logs/deep/
",
    ),
];

#[test]
fn agrees_with_git_on_real_rules() {
    let folder = scratch();
    git(folder.path(), &["init", "-q"]);
    let mut counts = Vec::new();
    for (number, (_, rules)) in FILES.iter().enumerate() {
        let tree = folder.path().join(number.to_string());
        PATHS.iter().for_each(|path| write(&tree.join(path), ""));
        fs::write(tree.join(".gitignore"), rules).expect("rules");
    }
    for fold in ["false", "true"] {
        git(folder.path(), &["config", "core.ignorecase", fold]);
        compare(folder.path(), fold);
        let left = of_git(folder.path());
        for (number, (name, _)) in FILES.iter().enumerate() {
            let start = format!("{number}/");
            let count = left.iter().filter(|path| path.starts_with(start.as_bytes())).count();
            assert!(count > 1 && count <= PATHS.len(), "{name}: {count} files");
            counts.push(count);
        }
    }
    assert_ne!(counts[..FILES.len()], counts[FILES.len()..]);
}
