//! Five thousand connections from one address.

use futures_util::{StreamExt, stream};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::House;
use crate::{
    common::{PATIENCE, await_metric, metric},
    limits::served,
};

const CONNECTIONS: usize = 5_000;

/// As many as an address may have.
const ADMITTED: usize = 1_024;

/// A connection that has asked for something small, and stays open.
const COST_KIB: u64 = ADMITTED as u64 * 32;

#[tokio::test(flavor = "multi_thread")]
async fn an_address_takes_no_more_than_its_share_and_none_of_the_others() {
    let mut house = House::open(&[]).await;
    let address = house.address;
    // Each asks for something, and waits to be answered or cut off.
    let connections = stream::iter(0..CONNECTIONS).map(async |_| {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        let mut answer = [0; 12];
        let read = timeout(PATIENCE, stream.read_exact(&mut answer)).await.expect("an end in time");
        let status = read.ok().map(|_| String::from_utf8_lossy(&answer[9..]).into_owned());
        (stream, status)
    });
    let abuse = connections.buffer_unordered(100).collect::<Vec<_>>();
    let connections = house.beside("five thousand connections", COST_KIB, abuse).await;
    let count = |wanted: Option<&str>| connections.iter().filter(|(_, status)| status.as_deref() == wanted).count();
    let (admitted, told, cut_off) = (count(Some("200")), count(Some("503")), count(None));
    println!("{admitted} were served, {told} told that they are too many, {cut_off} cut off");
    assert_eq!(admitted, ADMITTED);
    assert_eq!(admitted + told + cut_off, CONNECTIONS);
    assert!(told > 0);
    let refused = metric(&mut house.writer().await, "maitred_refused_connections_total").await;
    assert_eq!(refused as usize, CONNECTIONS - ADMITTED);
    // Once they are gone, the address is as good as any other.
    drop(connections);
    served(address).await;
    await_metric(&mut house.writer().await, "maitred_devices", super::DEVICES as u64).await;
}
