//! A cable: what a node talks to an engine through, and which can be cut, or hold back what is sent.

use std::net::SocketAddr;

use tokio::{
    io::{self, AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};
use tokio_util::task::AbortOnDropHandle;

/// What is taken from one side at once, in bytes. What does not fit here and into the systems' buffers keeps its sender
/// waiting, as it would on a line that takes nothing any more.
const PIECE: usize = 16 * 1024;

pub(crate) struct Cable {
    /// How a node is told of the engine.
    pub(crate) url: String,
    state: watch::Sender<State>,
    _task: AbortOnDropHandle<()>,
}

/// How many obstacles of each kind there are just now.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// In which nothing goes through, though both ends seem to be there.
    holds: usize,
    /// In which only what the engine says does not.
    deaf: usize,
    /// In which nobody is connected.
    cuts: usize,
    /// How often all connections were cut off so far.
    cut_off: u64,
}

/// Something in the way, until it is dropped.
pub(crate) struct Obstacle<'a> {
    cable: &'a Cable,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Hold,
    Deaf,
    Cut,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToEngine,
    FromEngine,
}

impl Cable {
    /// A cable to the engine with this URL, on 127.0.0.1.
    pub(crate) async fn to(engine: &str) -> Self {
        let (scheme, rest) = engine.rsplit_once("127.0.0.1:").expect("an engine of this machine");
        let (port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let engine = SocketAddr::from(([127, 0, 0, 1], port.parse().expect("a port")));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (state, seen) = watch::channel(State::default());
        let task = AbortOnDropHandle::new(tokio::spawn(connect(listener, engine, seen)));
        Self { url: format!("{scheme}{address}{path}"), state, _task: task }
    }

    /// Lets nothing through any more, while both ends seem to be there. What was sent comes through in the end, unless the
    /// cable is cut before.
    pub(crate) fn hold(&self) -> Obstacle<'_> {
        self.obstruct(Kind::Hold)
    }

    /// The same only for what the engine says.
    pub(crate) fn hold_answers(&self) -> Obstacle<'_> {
        self.obstruct(Kind::Deaf)
    }

    /// Ends all connections, and with them what is on its way, and lets nobody connect.
    pub(crate) fn cut(&self) -> Obstacle<'_> {
        self.obstruct(Kind::Cut)
    }

    fn obstruct(&self, kind: Kind) -> Obstacle<'_> {
        self.state.send_modify(|state| {
            *state.count(kind) += 1;
            state.cut_off += u64::from(matches!(kind, Kind::Cut));
        });
        Obstacle { cable: self, kind }
    }
}

impl State {
    fn count(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Hold => &mut self.holds,
            Kind::Deaf => &mut self.deaf,
            Kind::Cut => &mut self.cuts,
        }
    }

    fn passes(&self, direction: Direction) -> bool {
        self.holds == 0 && (direction == Direction::ToEngine || self.deaf == 0)
    }
}

impl Drop for Obstacle<'_> {
    fn drop(&mut self) {
        self.cable.state.send_modify(|state| *state.count(self.kind) -= 1);
    }
}

/// Takes connections, until it is aborted, and they with it.
async fn connect(listener: TcpListener, engine: SocketAddr, state: watch::Receiver<State>) {
    let mut connections = JoinSet::new();
    loop {
        let (node, _) = listener.accept().await.expect("a listener that takes connections");
        let cut_off = {
            let state = state.borrow();
            if state.cuts > 0 {
                continue;
            }
            state.cut_off
        };
        while connections.try_join_next().is_some() {}
        let mut seen = state.clone();
        let pass_on = pass_on(node, engine, state.clone());
        connections.spawn(async move {
            tokio::select! {
                // Looked at first: what is cut passes nothing on any more.
                biased;
                _ = seen.wait_for(|state| state.cut_off > cut_off) => {}
                _ = pass_on => {}
            }
        });
    }
}

/// One connection, until either end is gone.
async fn pass_on(node: TcpStream, engine: SocketAddr, state: watch::Receiver<State>) -> io::Result<()> {
    let engine = TcpStream::connect(engine).await?;
    node.set_nodelay(true)?;
    engine.set_nodelay(true)?;
    let ((from_node, to_node), (from_engine, to_engine)) = (node.into_split(), engine.into_split());
    tokio::select! {
        ended = pump(from_node, to_engine, Direction::ToEngine, state.clone()) => ended,
        ended = pump(from_engine, to_node, Direction::FromEngine, state) => ended,
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    direction: Direction,
    mut state: watch::Receiver<State>,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        // An end that leaves meanwhile is not seen to leave either.
        passes(&mut state, direction).await;
        let read = from.read(&mut piece).await?;
        passes(&mut state, direction).await;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&piece[..read]).await?;
    }
}

async fn passes(state: &mut watch::Receiver<State>, direction: Direction) {
    // Fails only once the cable is gone, and this with it.
    _ = state.wait_for(|state| state.passes(direction)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A node at its end of a cable, and the engine at the other.
    async fn connected() -> (Cable, TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let cable = Cable::to(&format!("nats://{address}")).await;
        let address = cable.url.strip_prefix("nats://").expect("the same scheme");
        let node = TcpStream::connect(address).await.expect("a cable");
        let (engine, _) = listener.accept().await.expect("the other end");
        (cable, node, engine)
    }

    async fn hear(end: &mut TcpStream) -> u8 {
        end.read_u8().await.expect("something")
    }

    /// Everything that still comes.
    async fn rest(end: &mut TcpStream) -> Vec<u8> {
        let mut rest = Vec::new();
        // A connection that is cut off may also end with an error.
        _ = end.read_to_end(&mut rest).await;
        rest
    }

    #[tokio::test]
    async fn what_is_held_comes_late_and_what_is_cut_never() {
        let (cable, mut node, mut engine) = connected().await;
        node.write_all(b"a").await.expect("a connection");
        assert_eq!(hear(&mut engine).await, b'a');
        let hold = cable.hold();
        node.write_all(b"b").await.expect("a connection");
        drop(hold);
        assert_eq!(hear(&mut engine).await, b'b');

        let _hold = cable.hold();
        node.write_all(b"c").await.expect("a connection");
        drop(cable.cut());
        assert!(rest(&mut engine).await.is_empty() && rest(&mut node).await.is_empty());
    }

    #[tokio::test]
    async fn answers_can_be_lost_by_themselves() {
        let (cable, mut node, mut engine) = connected().await;
        let _deaf = cable.hold_answers();
        node.write_all(b"a").await.expect("a connection");
        assert_eq!(hear(&mut engine).await, b'a');
        engine.write_all(b"b").await.expect("a connection");
        drop(cable.cut());
        assert!(rest(&mut node).await.is_empty());
    }
}
