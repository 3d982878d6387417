//! A server in a process of its own, and what it takes of the machine and of people's time.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// The real server. It is ended when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// On a port of its own.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_maitred"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("MAITRED_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("a server");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("its first line");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split(',').next()).expect("its address");
        Self { address: address.parse().expect("an address"), child }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The fields of `/proc/PID/stat` after the name.
pub(crate) fn stat(process: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    Some(stat.rsplit(") ").next()?.split(' ').map(str::to_owned).collect())
}

/// CPU time of a process so far, in ms (in ticks of 10 ms); none if it has ended.
pub(crate) fn cpu_ms(process: u32) -> f64 {
    let Some(fields) = stat(process) else { return 0.0 };
    fields[11..=12].iter().map(|ticks| ticks.parse::<f64>().expect("ticks")).sum::<f64>() * 10.0
}

/// Memory that a process uses, in KiB.
pub(crate) fn rss_kib(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("KiB")
}

/// The median, the 99th percentile and the worst, in ms.
pub(crate) fn percentiles(times: &mut [Duration]) -> [f64; 3] {
    times.sort();
    [0.5, 0.99, 1.0].map(|share| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1_000.0)
}
