//! Faults planted in the server, each of which the harness must find: what it is worth is shown by what it catches.
//! Every patch in `faults/` says in its first lines what it breaks and what it must be caught as. All of them are planted in
//! one server; which of them is at work is said by its name in `MAITRED_FAULT`.

use std::{
    env,
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use tokio::task::spawn_blocking;

use crate::{
    DEVICES, DEVICES_OF_NODES, WRITERS,
    nodes::{BusOf, CUT_CABLES, NodesPlan},
    report::Report,
    run::Plan,
    violation::Violation,
};

/// Short runs, each with its check at the end, until one finds something: a lost write is seen only there.
const ROUNDS: u64 = 30;

/// Kills in a round in which the server dies often, and in one in which it lives for seconds.
const KILLS_OF_A_STORM: u64 = 5;
const KILLS_OF_A_CALM: u64 = 1;

/// What is not part of the sources, or is none of the build's business.
const LEFT_OUT: [&str; 3] = ["target", ".git", "node_modules"];

struct Fault {
    name: String,
    patch: PathBuf,
    stage: Stage,
    /// The kinds of violation of which one must be found.
    caught_as: Vec<String>,
}

/// Where a fault shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Where the server dies often.
    Storm,
    /// Where it lives long enough for devices to fall behind.
    Calm,
    /// Where there are several nodes.
    Nodes,
}

pub(crate) async fn each_is_caught() {
    let building = spawn_blocking(|| {
        let faults = all();
        let binaries = plant(&faults);
        faults.into_iter().zip(binaries)
    });
    for (fault, binary) in building.await.expect("faults that can be planted") {
        let name = &fault.name;
        let found = hunt(&fault, &binary).await;
        assert!(!found.is_empty(), "{name} was not caught in {ROUNDS} rounds");
        let expected = |violation: &Violation| fault.caught_as.contains(&format!("{:?}", violation.kind));
        assert!(found.iter().any(expected), "{name} was caught as something else: {}", found[0]);
    }
}

/// The violations of the first round that has any.
async fn hunt(fault: &Fault, binary: &Path) -> Vec<Violation> {
    for round in 0..ROUNDS {
        let seed = rand::random();
        let report = fault.stage.run(binary, seed).await;
        if let Some(first) = report.violations.first() {
            println!("{}: caught in round {}, seed {seed}: {first}", fault.name, round + 1);
            return report.violations;
        }
    }
    Vec::new()
}

impl Stage {
    /// A short run.
    async fn run(self, binary: &Path, seed: u64) -> Report {
        let (binary, length, writers) = (binary.to_owned(), Duration::ZERO, WRITERS);
        if self == Self::Nodes {
            let (bus, torments, devices) = (BusOf::Nats, CUT_CABLES, DEVICES_OF_NODES);
            return NodesPlan { binary, seed, bus, torments, length, writers, devices }.run().await.report;
        }
        let calm = self == Self::Calm;
        let kills = if calm { KILLS_OF_A_CALM } else { KILLS_OF_A_STORM };
        Plan { binary, seed, kills, length, calm, writers, devices: DEVICES }.run().await
    }
}

fn all() -> Vec<Fault> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/never_miss/faults");
    let mut patches: Vec<_> =
        folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    patches.sort();
    assert!(!patches.is_empty(), "there are no faults in {}", folder.display());
    patches.into_iter().map(Fault::read).collect()
}

impl Fault {
    fn read(patch: PathBuf) -> Self {
        let name = patch.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&patch).expect("a text");
        let told = |what: &str| {
            let told = text.lines().find_map(|line| line.strip_prefix(what));
            told.unwrap_or_else(|| panic!("{name} does not say what it is {what:?}"))
        };
        let caught_as = told("Caught as: ").split(", ").map(str::to_owned).collect();
        let stage = match told("Caught in: ") {
            "a calm" => Stage::Calm,
            "a storm" => Stage::Storm,
            "several nodes" => Stage::Nodes,
            other => panic!("{name} must be caught in a calm, a storm or several nodes, not in {other:?}"),
        };
        Self { name, patch, stage, caught_as }
    }

    fn apply(&self, folder: &Path) {
        let mut git = Command::new("git");
        git.arg("apply").arg(&self.patch).current_dir(folder);
        // The folder may lie within a repository, and `git apply` would take the patch to be about that.
        git.env("GIT_CEILING_DIRECTORIES", folder.parent().expect("a folder in a folder"));
        succeed(git, &format!("{} does not apply", self.patch.display()));
    }

    /// A program that is the server with this fault at work.
    fn let_loose(&self, server: &Path) -> PathBuf {
        let program = server.with_file_name(format!("maitred-{}", self.name));
        let script = format!("#!/bin/sh\nMAITRED_FAULT={} exec '{}' \"$@\"\n", self.name, server.display());
        fs::write(&program, script).expect("a file");
        fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("a program");
        program
    }
}

/// The server with each of these faults. It is built once for all of them, and again only where the sources or a patch have
/// changed.
fn plant(faults: &[Fault]) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("never_miss");
    let folder = fs::create_dir_all(&folder).and_then(|()| folder.canonicalize()).expect("a folder");
    let (source, target) = (folder.join("source"), folder.join("target"));
    mirror(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &source).expect("a copy of the sources");
    faults.iter().for_each(|fault| fault.apply(&source));
    // Cargo would take everything for changed that was written anew, and it was, to take last time's faults out of it.
    let built_from = folder.join("built_from");
    let (changed, server) = (mirror(&source, &built_from), folder.join("maitred"));
    if changed.expect("a copy of the patched sources") || !server.exists() {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["build", "--offline", "--locked", "--package", "maitred", "--bin", "maitred"]);
        cargo.current_dir(&built_from).env("CARGO_TARGET_DIR", &target);
        succeed(cargo, "with all faults in it, the server does not build");
        fs::copy(target.join("debug/maitred"), &server).expect("a copy of the binary");
    }
    faults.iter().map(|fault| fault.let_loose(&server)).collect()
}

fn succeed(mut command: Command, otherwise: &str) {
    let output = command.output().expect("a program that starts");
    assert!(
        output.status.success(),
        "{otherwise} any more; refresh it, so that it breaks the same promise in today's code:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Makes `to` the same as `from`, leaves alone what is, and tells whether there was anything to do.
fn mirror(from: &Path, to: &Path) -> io::Result<bool> {
    let mut changed = false;
    fs::create_dir_all(to)?;
    for entry in to.read_dir()? {
        let path = entry?.path();
        let original = from.join(path.file_name().expect("a name in a folder"));
        if original.is_dir() != path.is_dir() || !original.exists() {
            changed = true;
            if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
    }
    for entry in from.read_dir()? {
        let entry = entry?;
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if LEFT_OUT.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if path.is_dir() {
            changed |= mirror(&path, &copy)?;
        } else {
            let text = fs::read(&path)?;
            if fs::read(&copy).ok().as_ref() != Some(&text) {
                changed = true;
                fs::write(copy, text)?;
            }
        }
    }
    Ok(changed)
}
