//! Recipes: does each recipe of `docs/recipes.md`, run as the page shows it, package what its tool installed?
//!
//! A recipe is a section of the page: its first `sh` block is run in a small repository, whose `countersign.toml` is its
//! `toml` block. The dependencies are files that the test writes, so no tool needs a network.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::peers::peer::{Peer, installed, printed, succeeded, told};
use crate::peers::release::{scratch, text, write};

/// What a repository with dependencies ignores.
const IGNORED: &str = "dist/\nnode_modules/\nvendor/bundle/\n.bundle/\nbuild/\ntarget/\n.aws-sam/\n";

#[test]
fn npm_packages_the_dependencies_without_those_for_development() {
    let Some(_) = Peer::find("npm") else { return };
    let project = node_project();
    project.sh("cd services/orders && npm install --silent --package-lock-only");
    assert_eq!(
        project.follow("npm"),
        [
            "index.js",
            "node_modules/money/index.js",
            "node_modules/money/package.json",
            "package-lock.json",
            "package.json",
        ]
    );
}

#[test]
fn pnpm_packages_the_dependencies_as_folders() {
    let Some(tools) = installed("packers/node_modules/.bin") else { return };
    let project = node_project().with(tools);
    project.sh("cd services/orders && pnpm install --silent --lockfile-only");
    assert_eq!(
        project.follow("pnpm"),
        [
            "index.js",
            "node_modules/money/index.js",
            "node_modules/money/package.json",
            "package.json",
            "pnpm-lock.yaml",
        ]
    );
}

#[test]
fn esbuild_bundles_into_a_folder_that_git_ignores() {
    let Some(tools) = installed("packers/node_modules") else { return };
    let project = node_project();
    project.sh(&format!("ln -s '{}' node_modules", text(&tools)));
    project.sh("cd services/orders && npm install --silent --no-package-lock");
    assert_eq!(project.follow("esbuild"), ["index.js"]);
    assert!(project.read("build/orders/index.js").contains("the price"), "the dependency is in the bundle");
}

#[test]
fn pip_packages_the_wheels_and_the_code() {
    let Some(tools) = installed("packers/bin") else { return };
    let files = python_project().with(tools).follow("pip");
    for file in ["app.py", "money/__init__.py", "money-1.0.dist-info/METADATA"] {
        assert!(has(&files, file), "{files:?}");
    }
    assert!(!files.iter().any(|file| file.contains("__pycache__")), "{files:?}");
}

#[test]
fn uv_packages_the_wheels_and_the_code() {
    let Some(tools) = installed("packers/bin") else { return };
    assert_eq!(
        python_project().with(tools).follow("uv"),
        [
            "app.py",
            "money-1.0.dist-info/METADATA",
            "money-1.0.dist-info/RECORD",
            "money-1.0.dist-info/WHEEL",
            "money/__init__.py",
        ]
    );
}

#[test]
fn bundler_packages_the_gems() {
    let Some(_) = Peer::find("bundle") else { return };
    let project = Project::new();
    project.put("services/orders/app.rb", "require 'money'\n");
    project.put("services/orders/Gemfile", "source 'https://rubygems.org'\ngem 'money_x'\n");
    project.put(
        "services/orders/Gemfile.lock",
        "GEM\n  remote: https://rubygems.org/\n  specs:\n    money_x (1.0)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  money_x\n",
    );
    project.put("gem/lib/money_x.rb", "PRICE = 1\n");
    project.put(
        "gem/money_x.gemspec",
        "Gem::Specification.new { |s| s.name = 'money_x'; s.version = '1.0'; s.summary = 'x'; s.authors = ['x']; \
         s.files = ['lib/money_x.rb'] }\n",
    );
    project.sh("cd gem && gem build --quiet money_x.gemspec && mkdir -p ../services/orders/vendor/cache && \
         mv money_x-1.0.gem ../services/orders/vendor/cache");
    let files = project.follow("Bundler");
    let gems: Vec<&String> =
        files.iter().filter(|file| file.ends_with("/gems/money_x-1.0/lib/money_x.rb")).collect();
    assert!(has(&files, "app.rb") && gems.len() == 1, "{files:?}");
    assert!(!files.iter().any(|file| file.ends_with(".gem")), "{files:?}");
}

#[test]
fn a_shaded_jar_is_signed_as_maven_wrote_it() {
    let Some(_) = Peer::find("mvn") else { return };
    let project = Project::new();
    project.put(
        "src/main/java/App.java",
        "public class App { public String handle(Object in) { return \"\"; } }\n",
    );
    project.put("pom.xml", POM);
    project.put("../home/.m2/settings.xml", &SETTINGS.replace("HOME", text(&project.home())));
    project.sh("countersign init --account acme --policy ../policy --plaintext");
    project.run_recipe("Maven and Gradle");
    let files = project.files("target/orders.jar");
    assert!(has(&files, "App.class") && has(&files, "org/apache/commons/io/IOUtils.class"), "{files:?}");
}

#[test]
fn go_builds_a_bootstrap_that_runs() {
    let Some(go) = Peer::find("go") else { return };
    let project = Project::new().with(go.path().with_file_name(""));
    project.put("services/orders/go.mod", "module orders\n\ngo 1.19\n");
    project.put("services/orders/main.go", "package main\n\nfunc main() { println(\"ok\") }\n");
    assert_eq!(project.follow("Go"), ["bootstrap"]);
    assert!(project.has_a_bootstrap_that_runs());
}

#[test]
fn cargo_builds_a_bootstrap_that_runs() {
    let project = Project::new().with(Path::new(env!("CARGO")).parent().expect("a folder").into());
    project.put("Cargo.toml", "[package]\nname = \"orders\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    project.put("src/main.rs", "fn main() { println!(\"ok\"); }\n");
    project.sh("cargo generate-lockfile --quiet");
    assert_eq!(project.follow("Rust"), ["bootstrap"]);
    assert!(project.has_a_bootstrap_that_runs());
}

#[test]
fn sam_builds_what_is_signed_and_deploys_the_package() {
    let (Some(sam), Some(python)) = (installed("sam/bin"), installed("packers/bin")) else { return };
    let project = python_project().with(python).with(sam);
    let version = project.sh("python3 -c 'import sys; print(\"python%d.%d\" % sys.version_info[:2])'");
    project.put("template.yaml", &TEMPLATE.replace("RUNTIME", version.trim()));
    let files = project.follow("SAM");
    assert!(has(&files, "app.py") && has(&files, "money/__init__.py"), "{files:?}");
}

/// Each section of the page is the recipe of one of these tests.
#[test]
fn every_recipe_of_the_page_has_a_test() {
    let titles: Vec<&str> = PAGE.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let tested = include_str!("recipes.rs");
    for title in &titles {
        let is_tested =
            ["follow", "run_recipe"].iter().any(|call| tested.contains(&format!("{call}(\"{title}\")")));
        assert!(is_tested, "{title}");
    }
    assert!(titles.len() >= 10, "{titles:?}");
}

const PAGE: &str = include_str!("../../docs/recipes.md");

/// The first block of a language in a section of the page.
fn block(title: &str, language: &str) -> Option<&'static str> {
    let start = PAGE.find(&format!("\n## {title}\n"))? + 4;
    let section = &PAGE[start..];
    let section = section.find("\n## ").map_or(section, |end| &section[..end]);
    let block = section.split_once(&format!("\n```{language}\n"))?.1;
    Some(block.split_once("\n```")?.0)
}

/// A repository that follows a recipe, in a scrubbed environment.
struct Project {
    top: TempDir,
    tools: Vec<PathBuf>,
}

impl Project {
    fn new() -> Self {
        let project = Self { top: scratch(), tools: Vec::new() };
        fs::create_dir(project.home()).expect("a folder");
        project.put(".gitignore", IGNORED);
        project.sh("git init --quiet");
        project
    }

    /// Finds programs in this folder first.
    fn with(mut self, tools: PathBuf) -> Self {
        self.tools.push(tools);
        self
    }

    fn home(&self) -> PathBuf {
        self.top.path().join("home")
    }

    fn folder(&self) -> PathBuf {
        self.top.path().join("shop")
    }

    fn put(&self, path: &str, content: &str) {
        let path = self.folder().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        write(&path, content);
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder().join(path)).expect("UTF-8")
    }

    /// Runs a script in the repository; returns what it printed.
    fn sh(&self, script: &str) -> String {
        let output = self.command(script).output().expect("sh starts");
        assert!(succeeded(&output), "{script}\n{}", told(&output));
        printed(&output)
    }

    /// Commits everything, then runs the commands of the page. All is allowed, and nothing is warned of.
    fn run_recipe(&self, title: &str) {
        if let Some(workspace) = block(title, "toml") {
            self.put("countersign.toml", workspace);
        }
        self.sh(
            "git add . && git -c user.name=Ada -c user.email=ada@example.org commit --quiet -m 'Take orders'",
        );
        let commands = block(title, "sh").unwrap_or_else(|| panic!("no commands for {title}"));
        let output = self.command(commands).output().expect("sh starts");
        let told = told(&output);
        assert!(succeeded(&output) && told.contains("allowed: "), "{title}: {told}");
        assert!(!told.contains("warning: "), "{title}: {told}");
    }

    /// Follows a recipe; returns the files of its package.
    fn follow(&self, title: &str) -> Vec<String> {
        self.run_recipe(title);
        self.files("dist/orders.zip")
    }

    fn files(&self, artifact: &str) -> Vec<String> {
        let listed = self.sh(&format!("countersign inspect {artifact}"));
        let files = listed.lines().filter_map(|line| line.strip_prefix("  1"));
        files.filter_map(|line| Some(line.split_whitespace().nth(2)?.to_owned())).collect()
    }

    fn has_a_bootstrap_that_runs(&self) -> bool {
        let listed = self.sh("countersign inspect dist/orders.zip");
        self.sh("./build/orders/bootstrap 2>&1") == "ok\n" && listed.contains("  100755 ")
    }

    fn command(&self, script: &str) -> Command {
        let home = self.home();
        let mut command = Command::new("sh");
        command.args(["-euc", script]).current_dir(self.folder()).env_clear();
        command.env("PATH", self.path()).env("HOME", &home);
        command.envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("USER", "ada"), ("GIT_CONFIG_NOSYSTEM", "1")]);
        command.envs(
            ["npm_config_offline", "UV_OFFLINE", "UV_NO_INDEX", "PIP_NO_INDEX", "CARGO_NET_OFFLINE"].map(yes),
        );
        command.envs(
            ["npm_config_audit", "npm_config_fund", "npm_config_update_notifier"].map(|name| (name, "false")),
        );
        command.envs([("SAM_CLI_TELEMETRY", "0"), ("PIP_ROOT_USER_ACTION", "ignore")]);
        command.envs(["PIP_FIND_LINKS", "UV_FIND_LINKS"].map(|name| (name, self.folder().join("wheels"))));
        command.env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        // Java does not read `HOME`.
        command.env("MAVEN_OPTS", format!("-Duser.home={}", home.display()));
        command
    }

    fn path(&self) -> std::ffi::OsString {
        let ours = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().map(Path::to_path_buf);
        let path = env::var_os("PATH").unwrap_or_default();
        let rest = env::split_paths(&path);
        env::join_paths(self.tools.iter().cloned().chain(ours).chain(rest)).expect("a PATH")
    }
}

fn has(files: &[String], name: &str) -> bool {
    files.iter().any(|file| file == name)
}

fn yes(name: &str) -> (&str, &str) {
    (name, "true")
}

/// A function in JavaScript with one dependency, and one that only its developers need: archives, as a registry has them.
fn node_project() -> Project {
    let project = Project::new();
    project.put("services/orders/index.js", "exports.handler = async () => require('money').price;\n");
    project.put(
        "services/orders/package.json",
        r#"{ "name": "orders", "version": "1.0.0", "dependencies": { "money": "file:../../packages/money.tgz" },
            "devDependencies": { "lint": "file:../../packages/lint.tgz" } }"#,
    );
    for name in ["money", "lint"] {
        project
            .put("packages/package/package.json", &format!(r#"{{ "name": "{name}", "version": "1.0.0" }}"#));
        project.put("packages/package/index.js", "exports.price = 'the price';\n");
        project.sh(&format!("cd packages && tar -czf {name}.tgz package && rm -r package"));
    }
    project
}

/// A function in Python with one dependency: a wheel.
fn python_project() -> Project {
    let project = Project::new();
    project.put("services/orders/app.py", "import money\n");
    project.put("services/orders/requirements.txt", "money==1.0\n");
    project.put("wheels/money/__init__.py", "PRICE = 1\n");
    let info = "wheels/money-1.0.dist-info";
    project.put(&format!("{info}/METADATA"), "Metadata-Version: 2.1\nName: money\nVersion: 1.0\n");
    project.put(&format!("{info}/WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
    project.put(
        &format!("{info}/RECORD"),
        "money/__init__.py,,\nmoney-1.0.dist-info/METADATA,,\nmoney-1.0.dist-info/WHEEL,,\nmoney-1.0.dist-info/RECORD,,\n",
    );
    project.sh("cd wheels && python3 -m zipfile -c money-1.0-py3-none-any.whl money money-1.0.dist-info");
    project
}

/// A SAM template with one function.
const TEMPLATE: &str = r#"Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: orders
      CodeUri: services/orders/
      Handler: app.handler
      Runtime: RUNTIME
"#;

/// Maven reads Debian's repository, and writes only below the home folder.
const SETTINGS: &str = "<settings><localRepository>HOME/repository</localRepository><mirrors><mirror><id>debian</id>\
    <mirrorOf>*</mirrorOf><url>file:///usr/share/maven-repo</url></mirror></mirrors></settings>";

/// A shaded JAR, with the versions of Debian 12.
const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.acme</groupId><artifactId>orders</artifactId><version>1.0</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
    <project.build.outputTimestamp>2026-01-01T00:00:00Z</project.build.outputTimestamp>
    <skipTests>true</skipTests>
  </properties>
  <dependencies>
    <dependency><groupId>commons-io</groupId><artifactId>commons-io</artifactId><version>debian</version></dependency>
  </dependencies>
  <build>
    <finalName>orders</finalName>
    <plugins>
      <plugin><artifactId>maven-resources-plugin</artifactId><version>3.3.0</version></plugin>
      <plugin><artifactId>maven-compiler-plugin</artifactId><version>3.10.1</version></plugin>
      <plugin><artifactId>maven-surefire-plugin</artifactId><version>2.22.3</version></plugin>
      <plugin><artifactId>maven-jar-plugin</artifactId><version>3.3.0</version></plugin>
      <plugin>
        <artifactId>maven-shade-plugin</artifactId><version>3.4.1</version>
        <executions><execution><phase>package</phase><goals><goal>shade</goal></goals></execution></executions>
      </plugin>
    </plugins>
  </build>
</project>
"#;
