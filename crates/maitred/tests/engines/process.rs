//! What the engines have in common: a folder, a port, and a process that never outlives the tests.

use std::{
    env, fs,
    fs::File,
    io,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{LazyLock, Once, mpsc},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::time::sleep;

/// How long an engine may take to start or to end: far beyond what it takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between two looks at a process.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What the names of all folders begin with, before the id of the process that they belong to.
const FOLDER: &str = "maitred-engine-";

/// A program, and what there is to know about it.
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// What it prints once it takes clients.
    pub(crate) ready: &'static str,
    /// The signal that ends it at once, and everything that it has started.
    pub(crate) end: &'static str,
}

/// An engine, whichever process it is just now.
pub(crate) struct Engine {
    program: Program,
    arguments: Vec<String>,
    port: u16,
    // It is dropped before the folder that it works in.
    process: Option<Process>,
    folder: TempDir,
}

impl Engine {
    /// Starts it on a spare port, and waits until it takes clients.
    pub(crate) async fn start(program: Program, folder: TempDir, arguments: impl Fn(u16) -> Vec<String>) -> Self {
        loop {
            let port = spare_port();
            let arguments = arguments(port);
            if let Ok(process) = Process::start(&program, &arguments, folder.path()).await {
                return Self { program, arguments, port, process: Some(process), folder };
            }
        }
    }

    /// Starts it as it was, after an [`Self::end`].
    pub(crate) async fn start_again(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let deadline = Instant::now() + PATIENCE;
        self.process = loop {
            match Process::start(&self.program, &self.arguments, self.folder.path()).await {
                Ok(process) => break Some(process),
                Err(AddressTaken) => assert!(Instant::now() < deadline, "somebody else keeps port {}", self.port),
            }
            sleep(LOOK_AGAIN).await;
        };
    }

    /// Sends a signal that ends it, and waits until it has ended.
    pub(crate) async fn end(&mut self, signal: &str) {
        let mut process = self.process.take().expect("an engine that runs");
        process.expect_to_run();
        process.thaw();
        process.signal(signal);
        process.ended().await;
    }

    /// Stops its time, until [`Self::thaw`].
    pub(crate) fn freeze(&mut self) {
        let process = self.process.as_mut().expect("an engine that runs");
        process.expect_to_run();
        process.freeze();
    }

    pub(crate) fn thaw(&mut self) {
        let process = self.process.as_mut().expect("an engine that runs");
        process.expect_to_run();
        process.thaw();
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

/// Somebody else listens where the engine was told to.
struct AddressTaken;

/// A process that ends when it is dropped, or when this process ends, by whatever means.
pub(crate) struct Process {
    child: Child,
    name: String,
    end: &'static str,
    /// What it prints.
    output: PathBuf,
}

impl Process {
    pub(crate) fn spawn(program: &Program, arguments: &[String], folder: &Path) -> Self {
        let name = program.path.file_name().expect("a path to a file").to_string_lossy().into_owned();
        let output = folder.join("output");
        let file = File::create(&output).expect("a file in our own folder");
        // The kernel sends this signal when the parent is gone, even if that was killed.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", program.end]);
        if is_root() {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        }
        command.arg(&program.path).args(arguments).current_dir(folder).env("LC_ALL", "C");
        // In a group of its own it never hears the Ctrl-C that is meant for the tests. And should it be frozen when
        // they end, the kernel thaws it, as it does with every group that loses its last parent.
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(file.try_clone().expect("a second handle")).stderr(file);
        let child = spawn_for_good(command).expect("`setpriv`, from Debian's package `util-linux`");
        Self { child, name, end: program.end, output }
    }

    /// Waits until it takes clients.
    async fn start(program: &Program, arguments: &[String], folder: &Path) -> Result<Self, AddressTaken> {
        let mut process = Self::spawn(program, arguments, folder);
        let deadline = Instant::now() + PATIENCE;
        // Asking its port instead could reach somebody else, while it has yet to find that its port is taken.
        while !process.said().contains(program.ready) {
            if let Some(status) = process.has_ended() {
                if process.said().to_lowercase().contains("address already in use") {
                    return Err(AddressTaken);
                }
                panic!("{}", process.trouble(&format!("ended with {status} instead of starting")));
            }
            assert!(Instant::now() < deadline, "{}", process.trouble("did not begin to take clients"));
            sleep(LOOK_AGAIN).await;
        }
        Ok(process)
    }

    /// Waits until it has done what it is for.
    pub(crate) async fn succeeded(mut self) {
        let status = self.ended().await;
        assert!(status.success(), "{}", self.trouble(&format!("ended with {status}")));
    }

    async fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.has_ended() {
                return status;
            }
            assert!(Instant::now() < deadline, "{}", self.trouble("did not end"));
            sleep(LOOK_AGAIN).await;
        }
    }

    #[track_caller]
    fn expect_to_run(&mut self) {
        if let Some(status) = self.has_ended() {
            panic!("{}", self.trouble(&format!("has ended by itself, with {status}")));
        }
    }

    fn freeze(&self) {
        self.signal("STOP");
        // Once it has come to a stop, it starts no more children that could be overlooked.
        let path = format!("/proc/{}/stat", self.child.id());
        let deadline = Instant::now() + PATIENCE;
        while !fs::read_to_string(&path).expect("a process that nobody has waited for").contains(") T ") {
            assert!(Instant::now() < deadline, "{}", self.trouble("did not freeze"));
            thread::sleep(Duration::from_millis(1));
        }
        self.signal_children("STOP");
    }

    fn thaw(&self) {
        self.signal_children("CONT");
        self.signal("CONT");
    }

    /// Nobody may have waited for it yet: its id could be somebody else's by now.
    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        let sent = sent.expect("`kill`, from Debian's package `procps`");
        assert!(sent.success(), "a process that nobody has waited for takes signals");
    }

    /// PostgreSQL gives each of its processes a group of its own, so that they can't be reached as one group.
    fn signal_children(&self, name: &str) {
        // Fails where there are none.
        let parent = self.child.id().to_string();
        _ = Command::new("pkill").args(["--signal", name, "--parent", &parent]).status();
    }

    fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("our own child")
    }

    fn said(&self) -> String {
        fs::read(&self.output).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    fn trouble(&self, what: &str) -> String {
        let said = self.said();
        let lines: Vec<_> = said.lines().collect();
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        format!("{} {what}; the last that it said:\n{last}", self.name)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.has_ended().is_none() {
            self.thaw();
            self.signal(self.end);
            _ = self.child.wait();
        }
    }
}

/// A new folder for an engine.
///
/// That of an engine in a static outlives its process, since statics are never dropped: such leftovers are removed.
pub(crate) fn folder() -> TempDir {
    static LEFTOVERS: Once = Once::new();
    LEFTOVERS.call_once(remove_leftovers);
    let folder = tempfile::Builder::new().prefix(&format!("{FOLDER}{}-", std::process::id())).tempdir();
    let folder = folder.expect("a folder");
    if is_root() {
        let given = Command::new("chown").arg("postgres:").arg(folder.path()).status().expect("`chown`");
        assert!(given.success(), "no user `postgres`, whom Debian's package `postgresql` brings");
    }
    folder
}

fn remove_leftovers() {
    let entries = fs::read_dir(env::temp_dir()).expect("the folder of temporary files");
    for entry in entries.flatten() {
        let name = entry.file_name();
        let of = name.to_str().and_then(|name| name.strip_prefix(FOLDER)?.split_once('-')?.0.parse::<u32>().ok());
        if of.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
            // Fails where it is somebody else's, or somebody else removes it at the same time.
            _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A program that Debian installs in a folder that is in the path of some users only.
pub(crate) fn program(name: &str, package: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file()));
    found.unwrap_or_else(|| panic!("no {name} in the path or /usr/sbin: install Debian's package `{package}`"))
}

/// PostgreSQL and PgBouncer refuse to run as root.
fn is_root() -> bool {
    fs::metadata("/proc/self").expect("a Linux").uid() == 0
}

/// A port that nobody listens on, below those that systems give to clients: one of these that knocks while the engine
/// is away could be given the engine's own port, and be connected to itself.
fn spare_port() -> u16 {
    loop {
        let port = rand::random_range(15_000..32_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Starts a child from a thread that never ends: to the kernel, a child's parent is the thread that started it, and the
/// thread of a test ends with the test.
fn spawn_for_good(command: Command) -> io::Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static PARENT: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (orders, taken) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, answer) in taken {
                _ = answer.send(command.spawn());
            }
        });
        orders
    });
    let (answer, child) = mpsc::channel();
    PARENT.send((command, answer)).expect("a thread that never ends");
    child.recv().expect("an answer to every order")
}
