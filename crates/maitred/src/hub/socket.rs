//! The one file that knows the WebSocket library. Frames of text are encoded once and written as they are to every
//! socket that they are for; the library reads, and sees to pings and closes.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::{FutureExt, SinkExt, StreamExt};
use socket2::SockRef;
use tokio::{
    io::{self, AsyncWriteExt},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::{CapacityError, ProtocolError},
        protocol::{CloseFrame, Role, WebSocketConfig, frame::Utf8Bytes},
    },
};

use crate::config::{LAST_WORD_BUFFER_BYTES, MAX_PONG_BYTES, SOCKET_READ_BUFFER_BYTES, SOCKET_SEND_BUFFER_BYTES};
use crate::connection::Connection;

/// Whole messages, encoded for the wire. Clones share the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    /// A text message.
    pub fn text(text: &str) -> Self {
        Self::texts(std::iter::once(text))
    }

    /// Several text messages, to be written in one go.
    pub fn texts<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut frame = BytesMut::with_capacity(texts.clone().map(Self::length).sum());
        for text in texts {
            // RFC 6455, section 5.2: FIN and opcode 1, then the length; a server does not mask.
            frame.put_u8(0x81);
            match text.len() {
                length @ 0..=125 => frame.put_u8(length as u8),
                length @ 126..=0xFFFF => {
                    frame.put_u8(126);
                    frame.put_u16(length as u16);
                }
                length => {
                    frame.put_u8(127);
                    frame.put_u64(length as u64);
                }
            }
            frame.put_slice(text.as_bytes());
        }
        Self(frame.freeze())
    }

    /// How many bytes a text takes on the wire.
    pub fn length(text: &str) -> usize {
        let head = match text.len() {
            0..=125 => 2,
            126..=0xFFFF => 4,
            _ => 10,
        };
        head + text.len()
    }

    /// How many bytes it is.
    #[allow(clippy::len_without_is_empty, reason = "none is empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The messages from this byte on, at which one of them begins.
    pub(super) fn starting_at(&self, byte: usize) -> Self {
        Self(self.0.slice(byte..))
    }
}

/// The server's side of a WebSocket.
pub struct Socket {
    inner: WebSocketStream<Connection>,
    /// What is left of the messages that are being written.
    unwritten: Bytes,
}

/// What a device does.
#[derive(Debug)]
pub enum Received {
    /// It sent a text.
    Text(Utf8Bytes),
    /// It sent bytes that are no text.
    Binary,
    /// It gave a sign of life: a ping or a pong.
    Alive,
}

/// Why nothing more can be received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The device closed, or the network did.
    Gone,
    /// It sent a message over the limit.
    TooLarge,
    /// It sent what is not WebSocket.
    ProtocolError,
}

/// Why something could not be written whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritten {
    /// The device takes nothing.
    Stuck,
    /// The connection is broken.
    Gone,
}

impl Socket {
    /// A socket on a connection that has been upgraded, with what was read from it beyond the handshake. A message from
    /// the device may have `most` bytes.
    pub async fn new(mut stream: Connection, read_ahead: Bytes, most: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(SOCKET_READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(MAX_PONG_BYTES)
            .max_message_size(Some(most))
            .max_frame_size(Some(most));
        // Bounds what the system keeps for a device that doesn't read; where it can't be set, the system's own bound holds.
        _ = SockRef::from(stream.tcp()).set_send_buffer_size(SOCKET_SEND_BUFFER_BYTES);
        // Who takes nothing is the session's affair from now on.
        stream.wait_for_ever();
        let inner = WebSocketStream::from_partially_read(stream, read_ahead.to_vec(), Role::Server, Some(config)).await;
        Self { inner, unwritten: Bytes::new() }
    }

    /// Waits for what the device does next. May be dropped while waiting without losing anything.
    ///
    /// # Errors
    /// Once nothing more can be received.
    pub async fn receive(&mut self) -> Result<Received, Broken> {
        match self.inner.next().await {
            Some(Ok(Message::Text(text))) => Ok(Received::Text(text)),
            Some(Ok(Message::Binary(_))) => Ok(Received::Binary),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(Received::Alive),
            Some(Ok(Message::Close(_))) => {
                // The library sends its answer to a close only when asked for what comes next, which is the end.
                while let Some(Ok(_)) = self.inner.next().await {}
                Err(Broken::Gone)
            }
            None => Err(Broken::Gone),
            // A connection that ends without a word, as they do where the Wi-Fi does.
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => Err(Broken::Gone),
            Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => Err(Broken::TooLarge),
            Some(Err(Error::Protocol(_) | Error::Utf8(_))) => Err(Broken::ProtocolError),
            Some(Err(_)) => Err(Broken::Gone),
        }
    }

    /// Takes whole messages to be written.
    pub fn begin(&mut self, frame: &Frame) {
        self.unwritten = if self.unwritten.is_empty() {
            frame.0.clone()
        } else {
            // In the middle of a message, nothing else can be said before its end.
            [self.unwritten.as_ref(), &frame.0].concat().into()
        };
    }

    /// Writes of what was begun what the system takes at once, and tells whether that was all.
    ///
    /// # Errors
    /// If the connection is broken.
    pub fn write_now(&mut self) -> Result<bool, Unwritten> {
        // Whatever the library has begun to write (a pong) must end before ours begins.
        match self.inner.flush().now_or_never() {
            Some(flushed) => flushed.map_err(|_| Unwritten::Gone)?,
            None => return Ok(false),
        }
        while !self.unwritten.is_empty() {
            match self.inner.get_mut().try_write(&self.unwritten) {
                Ok(bytes) => self.unwritten.advance(bytes),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(_) => return Err(Unwritten::Gone),
            }
        }
        match self.inner.get_mut().try_flush() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(_) => Err(Unwritten::Gone),
        }
    }

    /// Writes all that was begun, waiting up to `patience` each time for the device to take some of it. May be dropped
    /// while waiting, and called again to go on.
    ///
    /// # Errors
    /// If the device takes nothing for so long, or the connection is broken.
    pub async fn write(&mut self, patience: Duration) -> Result<(), Unwritten> {
        while !self.write_now()? {
            let writable = timeout(patience, self.inner.get_ref().tcp().writable()).await;
            writable.map_err(|_| Unwritten::Stuck)?.map_err(|_| Unwritten::Gone)?;
        }
        Ok(())
    }

    /// Lets the system take some more, so that a last word finds room behind all that the device has not read.
    pub fn make_room(&self) {
        // Where the system doesn't, the device finds a connection that is closed without a word.
        _ = SockRef::from(self.inner.get_ref().tcp()).set_send_buffer_size(LAST_WORD_BUFFER_BYTES);
    }

    /// Sends a WebSocket ping.
    ///
    /// # Errors
    /// If the connection is broken.
    pub async fn ping(&mut self) -> io::Result<()> {
        // Behind the pongs that the device has not taken yet, there may be no room.
        self.inner.flush().await.map_err(io::Error::other)?;
        self.inner.send(Message::Ping(Bytes::new())).await.map_err(io::Error::other)
    }

    /// Closes with a code, and gives the device a while to close its side, so that it surely reads what came before.
    pub async fn close(mut self, code: u16, reason: &'static str, patience: Duration) {
        let close = CloseFrame { code: code.into(), reason: Utf8Bytes::from_static(reason) };
        let farewell = async {
            // A device that is gone needs no farewell.
            self.inner.send(Message::Close(Some(close))).await.ok()?;
            while let Some(Ok(_)) = self.inner.next().await {}
            // A connection that is closed with bytes unread is reset, and the device may never read why. What the
            // library refused to read is therefore taken off the wire.
            let stream = self.inner.get_mut();
            stream.shutdown().await.ok()?;
            io::copy(stream, &mut io::sink()).await.ok()
        };
        _ = timeout(patience, farewell).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_what_rfc_6455_draws() {
        assert_eq!(Frame::text("Hello").0.as_ref(), b"\x81\x05Hello");
        let (medium, long) = ("m".repeat(126), "l".repeat(65_536));
        assert_eq!(Frame::text(&medium).0[..4], [0x81, 126, 0, 126]);
        assert_eq!(Frame::text(&long).0[..10], [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(Frame::texts(["a", "b"].into_iter()).0.as_ref(), b"\x81\x01a\x81\x01b");
        for text in ["", "Hello", &"x".repeat(125), &medium, &"x".repeat(65_535), &long] {
            assert_eq!(Frame::text(text).len(), Frame::length(text));
        }
    }
}
