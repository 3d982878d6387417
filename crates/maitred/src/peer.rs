//! Who is at the other end of a connection, as far as the network tells; and how many connections each has. Knows no
//! names and no rights.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use http::Extensions;

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Its address and port.
    pub(crate) address: SocketAddr,
}

impl Peer {
    /// The peer that sent a request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        *extensions.get().expect("the server puts the peer into each request that it takes")
    }

    /// What limits go by: the address, or of an IPv6 address the network of 64 bits, all of which its owner has.
    pub(crate) fn network(&self) -> IpAddr {
        match self.address.ip().to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address => address,
        }
    }
}

/// How many connections each network has.
#[derive(Debug)]
pub(crate) struct Connections {
    most: usize,
    open: Mutex<HashMap<IpAddr, usize>>,
}

impl Connections {
    /// At most so many from one network.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// Takes a place for a connection; none if that network has all of its own taken.
    pub(crate) fn admit(self: &Arc<Self>, peer: Peer) -> Option<Place> {
        let network = peer.network();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(network).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place { connections: Arc::clone(self), network })
    }
}

/// A place for one connection, given up when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    network: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer { address: address.parse().expect("an address") }
    }

    #[test]
    fn limits_go_by_the_address_or_by_the_network_that_one_has_whole() {
        assert_eq!(peer("192.0.2.7:80").network(), peer("192.0.2.7:81").network());
        assert_ne!(peer("192.0.2.7:80").network(), peer("192.0.2.8:80").network());
        assert_eq!(peer("[::ffff:192.0.2.7]:80").network(), peer("192.0.2.7:80").network());
        assert_eq!(peer("[2001:db8:0:1::5]:80").network(), peer("[2001:db8:0:1:ffff::6]:80").network());
        assert_ne!(peer("[2001:db8:0:1::5]:80").network(), peer("[2001:db8:0:2::5]:80").network());
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends_and_nothing_is_left_of_it() {
        let connections = Connections::new(2);
        let (one, other) = (peer("192.0.2.7:80"), peer("192.0.2.8:80"));
        let (first, second) = (connections.admit(one), connections.admit(one));
        assert!(first.is_some() && second.is_some());
        assert!(connections.admit(one).is_none());
        assert!(connections.admit(other).is_some());
        drop(first);
        let third = connections.admit(one);
        assert!(third.is_some());
        drop((second, third));
        assert!(connections.open.lock().expect("no panic").is_empty());
    }
}
