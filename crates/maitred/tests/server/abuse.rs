//! Peers that mean harm, against the real server in a process of its own: its memory stays bounded, the devices of the
//! house hear every write in order meanwhile, and the one who did it is told why it is sent away.

mod bodies;
mod crowd;
mod frames;
mod half_open;
mod oversized;
mod pings;

use std::{cell::Cell, future::Future, net::SocketAddr};

use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::AsyncReadExt,
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::{
    common::{Device, Http, PATIENCE},
    program::{Program, Serving, folder},
};

/// Devices of the house that mean no harm.
const DEVICES: usize = 5;

/// What the server's memory may grow by beside what an abuse itself may take: the caches of the database and of the
/// allocator, in KiB.
const LEEWAY_KIB: u64 = 16 * 1024;

/// A house whose devices and whose writer are at one address, 127.0.0.2, and its abusers at another. To the server, both
/// are strangers.
struct House {
    serving: Serving,
    /// Where abusers find it.
    address: SocketAddr,
    devices: Vec<Device>,
    written: u64,
    _folder: TempDir,
}

impl House {
    async fn open(settings: &[&str]) -> Self {
        rlimit::increase_nofile_limit(u64::MAX).expect("as many files as may be");
        let (folder, _) = folder();
        let arguments = ["serve", "--open", "--listen", "0.0.0.0:0", "--restaurant", "bistro", "--restaurant", "annex"];
        let arguments = [&arguments[..], &["--max-writes", "100000"], settings].concat();
        let serving = Serving::listening(Program::maitred(folder.path(), &arguments)).await;
        let address = SocketAddr::from(([127, 0, 0, 1], serving.address.port()));
        let mut devices = Vec::new();
        for _ in 0..DEVICES {
            let mut device = Device::over(from_the_house(address).await, "?restaurant_id=bistro").await;
            device.expect("restaurant_connect").await;
            devices.push(device);
        }
        let mut house = Self { serving, address, devices, written: 0, _folder: folder };
        let guest = json!({ "id": "guest", "guestName": "Rivera", "partySize": 2 });
        house.writer().await.post("/restaurants/bistro/guests", guest).await.ok();
        house.all_hear().await;
        // So that what the server needs for any work at all is there before its memory is looked at.
        for _ in 0..20 {
            house.write().await;
        }
        house
    }

    /// A connection for a write: one that is kept would be closed where a slow machine takes longer over a write than the
    /// server waits for the next one.
    async fn writer(&self) -> Http {
        Http::over(from_the_house(self.address).await).await
    }

    /// One write, which every device hears as the next one.
    async fn write(&mut self) {
        let body = json!({ "notes": self.written.to_string() });
        self.writer().await.patch("/restaurants/bistro/guests/guest", body).await.ok();
        self.all_hear().await;
    }

    async fn all_hear(&mut self) {
        self.written += 1;
        for device in &mut self.devices {
            assert_eq!(device.next().await["seq"], self.written, "each hears each, in order");
        }
    }

    /// The evening goes on for as long as the abuse does, and then for some more writes. The server's memory never grows by
    /// more than the abuse may cost.
    async fn beside<T>(&mut self, what: &str, cost_kib: u64, abuse: impl Future<Output = T>) -> T {
        let before = self.serving.program.memory_kib();
        let first = self.written;
        let over = Cell::new(false);
        let abuse = async {
            let result = timeout(2 * PATIENCE, abuse).await.expect("an abuse that comes to its end");
            over.set(true);
            result
        };
        let evening = async {
            while !over.get() {
                self.write().await;
            }
            for _ in 0..20 {
                self.write().await;
            }
        };
        // Neither waits for the other, however slow the machine.
        let (result, ()) = tokio::join!(abuse, evening);
        let peak = self.serving.program.peak_memory_kib();
        println!("{what}: {before} KiB before, {peak} KiB at the most; {} writes beside it", self.written - first);
        assert!(peak < before + LEEWAY_KIB + cost_kib, "{what}: {before} KiB became {peak} KiB");
        result
    }
}

/// A connection from the house's own address.
async fn from_the_house(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from(([127, 0, 0, 2], 0))).expect("an address of this machine");
    socket.connect(address).await.expect("a connection")
}

/// All that comes until the server closes, however it does.
async fn last_words(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    _ = timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("an end in time");
    String::from_utf8_lossy(&text).into_owned()
}
