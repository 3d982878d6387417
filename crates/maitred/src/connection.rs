//! A connection to a peer, plain or encrypted, with its place among those of its address. HTTP and sockets use it alike.
//! It knows nothing of what is said on it.

use std::{
    io::IoSlice,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    io::{self, AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use crate::peer::Place;

/// A connection to a peer.
pub struct Connection {
    // TLS is on the heap: a plain connection should set no room aside for it.
    stream: Either<TcpStream, Box<TlsStream<TcpStream>>>,
    /// Given up with the connection.
    _place: Option<Place>,
    /// How long the peer may take nothing of what is being written.
    patience: Option<Duration>,
    /// When that ends, while it takes nothing.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    /// A connection that is not encrypted.
    pub(crate) fn plain(stream: TcpStream, place: Option<Place>, patience: Duration) -> Self {
        Self { stream: Either::Left(stream), _place: place, patience: Some(patience), deadline: None }
    }

    /// A connection whose handshake is done.
    pub(crate) fn tls(stream: TlsStream<TcpStream>, place: Option<Place>, patience: Duration) -> Self {
        Self { stream: Either::Right(Box::new(stream)), _place: place, patience: Some(patience), deadline: None }
    }

    /// From now on, the peer may take its time.
    pub(crate) fn wait_for_ever(&mut self) {
        (self.patience, self.deadline) = (None, None);
    }

    /// What carries it.
    pub(crate) fn tcp(&self) -> &TcpStream {
        match &self.stream {
            Either::Left(stream) => stream,
            Either::Right(stream) => stream.get_ref().0,
        }
    }

    /// Writes what is taken at once.
    ///
    /// # Errors
    /// `WouldBlock` where that is nothing; [`Self::tcp`] tells when to try again.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.stream {
            Either::Left(stream) => stream.try_write(bytes),
            Either::Right(stream) => at_once(|context| Pin::new(stream.as_mut()).poll_write(context, bytes)),
        }
    }

    /// Sees to it that the system has all that was written.
    ///
    /// # Errors
    /// `WouldBlock` where it takes no more; [`Self::tcp`] tells when to try again.
    pub(crate) fn try_flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Either::Left(_) => Ok(()),
            Either::Right(stream) => at_once(|context| Pin::new(stream.as_mut()).poll_flush(context)),
        }
    }

    /// Ends the wait of who has waited for long enough for the peer to take something.
    fn hold_patience<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        let (Poll::Pending, Some(patience)) = (&written, self.patience) else {
            self.deadline = None;
            return written;
        };
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(patience)));
        deadline.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// What comes of a poll that nobody waits for.
fn at_once<T>(poll: impl FnOnce(&mut Context<'_>) -> Poll<io::Result<T>>) -> io::Result<T> {
    match poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.hold_patience(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.hold_patience(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.hold_patience(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut_down = Pin::new(&mut self.stream).poll_shutdown(context);
        self.hold_patience(context, shut_down)
    }
}
