//! The real binary, run as a person or a service manager runs it.
#![allow(dead_code, reason = "each program of tests uses a part of it")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    task::spawn_blocking,
    time::timeout,
};

use crate::common::PATIENCE;

/// The binary itself.
pub(crate) const MAITRED: &str = env!("CARGO_BIN_EXE_maitred");

/// A process, killed when dropped.
pub(crate) struct Program {
    child: Child,
    stdout: mpsc::UnboundedReceiver<String>,
    stderr: mpsc::UnboundedReceiver<String>,
}

/// How a process ended, with what it said that nobody had read yet.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// `maitred` with these arguments, in a folder.
    pub(crate) fn maitred(folder: &Path, arguments: &[&str]) -> Self {
        Self::maitred_with(folder, arguments, &[])
    }

    /// The same, with variables in its environment.
    pub(crate) fn maitred_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(MAITRED);
        command.args(arguments).current_dir(folder);
        let settings = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("MAITRED_"));
        settings.for_each(|name| _ = command.env_remove(name));
        command.envs(variables.iter().copied());
        Self::start(command)
    }

    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("a program that starts");
        let stdout = lines(child.stdout.take().expect("a pipe"));
        let stderr = lines(child.stderr.take().expect("a pipe"));
        Self { child, stdout, stderr }
    }

    /// Its number among the processes.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The memory that it uses, in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        self.status("VmRSS")
    }

    /// The most memory that it ever used, in KiB.
    pub(crate) fn peak_memory_kib(&self) -> u64 {
        self.status("VmHWM")
    }

    /// A size in `/proc/PID/status`, in KiB.
    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).expect("a status");
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("KiB")
    }

    /// The next line that it prints; none once it has ended.
    pub(crate) async fn line(&mut self) -> Option<String> {
        timeout(PATIENCE, self.stdout.recv()).await.expect("a line in time")
    }

    /// Waits for a line on its standard error that says this.
    pub(crate) async fn complaint(&mut self, about: &str) -> String {
        loop {
            let line = timeout(PATIENCE, self.stderr.recv()).await.expect("a line in time").expect("a line");
            if line.contains(about) {
                return line;
            }
        }
    }

    /// Sends a signal by its name: `TERM`, `INT`, `KILL`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    }

    /// Waits for it to end by itself.
    pub(crate) async fn ended(mut self) -> Ended {
        // Both pipes are closed when it ends, and not before.
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let said = async {
            while let Some(line) = self.stdout.recv().await {
                stdout += &(line + "\n");
            }
            while let Some(line) = self.stderr.recv().await {
                stderr += &(line + "\n");
            }
        };
        timeout(PATIENCE, said).await.expect("an end in time");
        let (_, status) = spawn_blocking(move || {
            let status = self.child.wait().expect("a status");
            (self, status)
        })
        .await
        .expect("no panic");
        Ended { status, stdout, stderr }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Fails where it has ended already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Ended {
    /// It did what it was asked for.
    #[track_caller]
    pub(crate) fn well(self) -> String {
        assert_eq!(self.status.code(), Some(0), "{}{}", self.stdout, self.stderr);
        self.stdout
    }

    /// It could not do what it was asked for, and said why in words that name these things.
    #[track_caller]
    pub(crate) fn badly(self, because: &[&str]) -> String {
        assert!(self.status.code().is_some_and(|code| code > 0), "{}: {}{}", self.status, self.stdout, self.stderr);
        for words in because {
            assert!(self.stderr.contains(words), "nothing of {words:?} in: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self.stderr
    }
}

fn lines(pipe: impl Read + Send + 'static) -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        // Ends with the pipe, or once nobody listens.
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// `maitred serve` with a database of its own.
pub(crate) struct Serving {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
    scheme: String,
    /// What it printed when it began to listen.
    pub(crate) line: String,
}

impl Serving {
    /// Serves `maitred.db` in a folder, on an address whose port may be 0, with one restaurant, `bistro`.
    pub(crate) async fn start(folder: &Path, listen: &str) -> Self {
        let arguments = ["serve", "--listen", listen, "--database", "sqlite:maitred.db", "--restaurant", "bistro"];
        Self::listening(Program::maitred(folder, &arguments)).await
    }

    /// Waits for a server to say where it listens.
    pub(crate) async fn listening(mut program: Program) -> Self {
        let Some(line) = program.line().await else { panic!("{}", program.ended().await.stderr) };
        let (before, after) = line.split_once("://").unwrap_or_else(|| panic!("no address: {line}"));
        let scheme = before.rsplit(' ').next().unwrap_or_default().to_owned();
        let address = after.split([',', ' ']).next();
        let address = address.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("no address: {line}"));
        Self { program, address, scheme, line }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }
}

/// A folder to run in, and where its database is.
pub(crate) fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().canonicalize().expect("a path").join("maitred.db");
    (folder, database)
}

/// Adds a guest to `bistro` by a request on a connection of its own, with more headers, if any, each with its line's end.
/// None where no whole answer came, as from a server that is killed.
pub(crate) async fn try_to_add_guest(address: SocketAddr, headers: &str, body: &Value) -> Option<(u16, Value)> {
    let body = body.to_string();
    let request = format!(
        "POST /restaurants/bistro/guests HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, serde_json::from_str(body).ok()?))
    };
    timeout(PATIENCE, exchange).await.expect("an end in time")
}
