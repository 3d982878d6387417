//! A server as a process: started on the same database and port again and again, killed, told to stop, frozen and thawed.

use std::{
    fs::{File, OpenOptions},
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use rand::{RngExt, rngs::StdRng};
use tempfile::TempDir;
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep, timeout},
};

use crate::{
    common::PATIENCE,
    scene::RESTAURANTS,
    violation::{Kind, Violation},
};

/// How long a server is started again and again that finds its port taken by somebody else, or its database away: far
/// longer than either lasts.
const LONGEST_START: Duration = PATIENCE.saturating_mul(2);

/// What a sound server never says, whatever is done to it.
const NEVER_SAID: [&str; 3] = ["panicked", "a bug: ", "has lost changes"];

/// The pause before it is started again.
const START_AGAIN: Duration = Duration::from_millis(20);

/// A server of a run, whichever process it is just now.
pub(crate) struct Server {
    binary: PathBuf,
    folder: TempDir,
    /// What it is told besides where to listen, and which restaurants there are.
    arguments: Vec<String>,
    /// Why it may end instead of starting, so that whoever looks after it starts it again.
    may_say: Vec<&'static str>,
    pub(crate) address: SocketAddr,
    process: Option<Process>,
}

struct Process {
    child: Child,
    /// Kept open: a server must not lose what it prints to.
    _stdout: Option<BufReader<ChildStdout>>,
}

impl Server {
    /// A server that does not run yet, with a database file of its own.
    pub(crate) fn alone(binary: PathBuf, dice: &mut StdRng) -> Self {
        Self::new(binary, dice, &["--database", "sqlite:maitred.db"], &[])
    }

    /// A node that does not run yet, of those on a database that may be away for a while.
    pub(crate) fn node(binary: PathBuf, dice: &mut StdRng, database: &str, bus: &str) -> Self {
        Self::new(binary, dice, &["--database", database, "--bus", bus], &["can't open the database"])
    }

    fn new(binary: PathBuf, dice: &mut StdRng, arguments: &[&str], may_say: &[&'static str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let may_say = [may_say, &["can't listen"]].concat();
        Self { binary, folder, arguments, may_say, address: free_address(dice), process: None }
    }

    /// Starts it, and waits until it listens.
    pub(crate) async fn start(&mut self) -> Result<(), Violation> {
        let deadline = Instant::now() + LONGEST_START;
        loop {
            let said_before = self.said().len();
            let mut process = self.spawn();
            let reading = spawn_blocking(move || {
                let mut stdout = BufReader::new(process.child.stdout.take().expect("a pipe"));
                let mut line = String::new();
                // A server that ends instead prints nothing.
                _ = stdout.read_line(&mut line);
                process._stdout = Some(stdout);
                (process, line)
            });
            let Ok(read) = timeout(PATIENCE, reading).await else {
                return Err(self.trouble("did not begin to listen"));
            };
            let (process, line) = read.expect("no panic");
            self.process = Some(process);
            if line.contains("listens on") {
                return Ok(());
            }
            let said = self.said();
            let is_excused = self.may_say.iter().any(|why| said[said_before..].contains(why));
            if !is_excused || Instant::now() > deadline {
                return Err(self.trouble("could not start"));
            }
            self.kill();
            sleep(START_AGAIN).await;
        }
    }

    /// Starts it, and kills it before it is likely to listen.
    pub(crate) async fn stillbirth(&mut self, after: Duration) {
        self.process = Some(self.spawn());
        sleep(after).await;
        self.kill();
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// Tells it to end in good order, and waits until it has; after `mercy`, if that is set, it is killed all the same.
    pub(crate) async fn stop(&mut self, mercy: Option<Duration>) -> Result<(), Violation> {
        self.signal("TERM");
        if let Some(mercy) = mercy {
            sleep(mercy).await;
            self.kill();
            return Ok(());
        }
        let mut process = self.process.take().expect("a server that runs");
        let ending = spawn_blocking(move || process.child.wait());
        match timeout(PATIENCE, ending).await {
            Ok(status) => match status.expect("no panic") {
                Ok(status) if status.success() => Ok(()),
                status => Err(self.trouble(&format!("was told to stop, and ended with {status:?}"))),
            },
            Err(_) => Err(self.trouble("was told to stop, and did not")),
        }
    }

    pub(crate) fn runs(&self) -> bool {
        self.process.is_some()
    }

    /// Stops its time for a moment.
    pub(crate) async fn freeze(&self, moment: Duration) {
        self.signal("STOP");
        sleep(moment).await;
        self.signal("CONT");
    }

    /// What it has complained of that a sound server never says.
    pub(crate) fn complaints(&self) -> Option<Violation> {
        let said = self.said();
        let line = said.lines().find(|line| NEVER_SAID.iter().any(|words| line.contains(words)))?;
        Some(self.trouble(&format!("said {line:?}")))
    }

    fn spawn(&self) -> Process {
        let mut command = Command::new(&self.binary);
        command.args(["serve", "--listen", &self.address.to_string()]).args(&self.arguments);
        command.args(RESTAURANTS.iter().flat_map(|restaurant| ["--restaurant", restaurant]));
        command.current_dir(self.folder.path()).env("MAITRED_LOG", "warn").env_remove("MAITRED_LISTEN");
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(self.stderr()).spawn();
        Process { child: child.expect("a program that starts"), _stdout: None }
    }

    fn stderr(&self) -> File {
        let path = self.folder.path().join("stderr");
        OpenOptions::new().create(true).append(true).open(path).expect("a file")
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }

    fn signal(&self, name: &str) {
        let process = self.process.as_ref().expect("a server that runs");
        let sent = Command::new("kill").args([format!("-{name}"), process.child.id().to_string()]).status();
        assert!(sent.expect("a program").success(), "a process that nobody has waited for takes signals");
    }

    fn trouble(&self, what: &str) -> Violation {
        let said = self.said();
        let last: Vec<_> = said.lines().rev().take(10).collect();
        let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
        Violation::new(Kind::ServerTrouble, format!("the server {what}; the last that it said:\n{last}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails where it has ended already. Its file and port are free only once it has been waited for.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// An address that nobody listens on, below the ports that systems give to clients: one of these that knocks while the
/// server is away could be given the server's own port, and be connected to itself.
fn free_address(dice: &mut StdRng) -> SocketAddr {
    loop {
        let address = SocketAddr::from(([127, 0, 0, 1], dice.random_range(15_000..32_000)));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
