//! A small disk of its own: a tmpfs that only the processes started on it see, and that is gone when the test ends, however
//! it ends. Takes the right to mount, which root has, and in most systems everyone in a user namespace.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, ErrorKind, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::program::{MAITRED, Program, Serving};

/// Where the disk is mounted, for those who live on it.
pub(super) struct Disk {
    folder: TempDir,
    /// Holds the mounts. Ends when its standard input does, and with it at the latest when this process ends.
    keeper: Child,
    own_user: bool,
}

impl Disk {
    /// A disk of so many KiB.
    pub(super) fn of(kib: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let own_user = !may_mount(false);
        assert!(
            !own_user || may_mount(true),
            "this test mounts a small disk: it must run as root, or where `unshare --user --map-root-user --mount` works"
        );
        let mount = format!("mount -t tmpfs -o size={kib}k maitred-test \"$1\" && echo mounted && exec cat");
        let mut keeper = unshare(own_user)
            .args(["sh", "-c", &mount, "sh"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a keeper");
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        assert_eq!(line, "mounted\n");
        Self { folder, keeper, own_user }
    }

    /// The way for this process to a file on the disk.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().strip_prefix("/").expect("an absolute path");
        Path::new("/proc").join(self.keeper.id().to_string()).join("root").join(folder).join(name)
    }

    /// A command on the disk.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.keeper.id().to_string(), "--mount"]);
        if self.own_user {
            command.args(["--user", "--preserve-credentials"]);
        }
        // Nothing stays between this process and the program: a signal to the one reaches the other.
        command.args(["sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh"]).arg(self.folder.path()).arg(program);
        command
    }

    /// `maitred` with these arguments, its files on the disk.
    pub(super) fn maitred(&self, arguments: &[&str]) -> Program {
        let mut command = self.command(MAITRED);
        command.args(arguments);
        for name in ["MAITRED_LISTEN", "MAITRED_DATABASE", "MAITRED_URL", "MAITRED_LOG"] {
            command.env_remove(name);
        }
        Program::start(command)
    }

    /// Serves `maitred.db` with one restaurant, `bistro`.
    pub(super) async fn serve(&self) -> Serving {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--database", "sqlite:maitred.db"];
        Serving::listening(self.maitred(&[&arguments[..], &["--restaurant", "bistro"]].concat())).await
    }

    /// Runs a shell command on the disk.
    pub(super) fn run(&self, script: &str) {
        assert!(self.command("sh").args(["-c", script]).status().expect("a shell").success(), "{script}");
    }

    /// Fills what is free but for so many KiB.
    pub(super) fn fill(&self, leave_kib: u64) {
        let mut file = File::create(self.path("filler")).expect("a file");
        let mut length = 0;
        loop {
            match file.write(&[0; 4_096]) {
                Ok(written) => length += written as u64,
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
        file.set_len(length - leave_kib * 1_024).expect("a shorter file");
    }

    /// Frees what [`Self::fill`] has taken.
    pub(super) fn free(&self) {
        fs::remove_file(self.path("filler")).expect("a filler");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Fails where it has ended already.
        _ = self.keeper.kill();
        _ = self.keeper.wait();
    }
}

/// A program in a mount namespace of its own, in a user namespace of its own where asked for.
fn unshare(own_user: bool) -> Command {
    let mut command = Command::new("unshare");
    if own_user {
        command.args(["--user", "--map-root-user"]);
    }
    command.arg("--mount");
    command
}

fn may_mount(own_user: bool) -> bool {
    let try_out = ["sh", "-c", "mount -t tmpfs maitred-test \"$1\"", "sh"];
    let mut command = unshare(own_user);
    command.args(try_out).arg(std::env::temp_dir()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
