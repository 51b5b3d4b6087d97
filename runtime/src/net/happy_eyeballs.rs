//! Happy Eyeballs (RFC 8305): the addresses of one host, so tried that one which does not answer costs little time.
//!
//! ```text
//!   ::1         |------------------ no answer ------------------… closed when another one has won
//!   127.0.0.1        |-- refused
//!   ::2         <delay>          |-- connected: this one it is
//! ```
//!
//! The next attempt begins `delay` after the one before it, or at once when that has failed. The families take turns,
//! for it is usually a whole family that does not work.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::connecting::connect;
use crate::event_loop::EventLoop;
use crate::exceptions::Error;
use crate::sys::Socket;
use crate::wait::staggered_race;

/// How the addresses of a host are tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// After so long without an answer the next address is tried too; `None`: only after a failure.
    pub(crate) delay: Option<Duration>,
    /// How many addresses of the first family come before one of the other; zero: the order is the resolver's.
    pub(crate) interleave: Option<usize>,
}

impl Pace {
    /// What RFC 8305 recommends.
    pub(crate) const RECOMMENDED: Self = Self { delay: Some(Duration::from_millis(250)), interleave: None };

    /// Addresses in the order in which they are tried.
    fn order(self, addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
        match self.interleave.unwrap_or(self.delay.is_some().into()) {
            _ if addresses.len() < 2 => addresses,
            0 => addresses,
            first => interleaved(addresses, first),
        }
    }
}

/// Connects to one of these addresses, from one of those in `from` if there are any; else the error of each attempt,
/// in the order in which they began.
///
/// Cancelling it closes all sockets.
pub(crate) async fn connect_to_any(
    event_loop: &EventLoop,
    addresses: Vec<SocketAddr>,
    from: Vec<SocketAddr>,
    protocol: Option<i32>,
    pace: Pace,
) -> Result<(Socket, SocketAddr), Vec<Error>> {
    let addresses = pace.order(addresses);
    match pace.delay {
        // Boxed: it is large, and the memory of every attempt that is no race would have to hold it.
        Some(delay) if addresses.len() > 1 => Box::pin(race(event_loop, addresses, from, protocol, delay)).await,
        _ => in_turn(event_loop, addresses, &from, protocol).await,
    }
}

async fn in_turn(
    event_loop: &EventLoop,
    addresses: Vec<SocketAddr>,
    from: &[SocketAddr],
    protocol: Option<i32>,
) -> Result<(Socket, SocketAddr), Vec<Error>> {
    let mut errors = Vec::new();
    for address in addresses {
        match connect(event_loop, address, from, false, protocol).await {
            Ok(socket) => return Ok((socket, address)),
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}

async fn race(
    event_loop: &EventLoop,
    addresses: Vec<SocketAddr>,
    from: Vec<SocketAddr>,
    protocol: Option<i32>,
    delay: Duration,
) -> Result<(Socket, SocketAddr), Vec<Error>> {
    let from: Rc<[SocketAddr]> = from.into();
    let attempts = addresses.into_iter().map(|address| {
        let (event_loop, from) = (event_loop.clone(), from.clone());
        move || async move { Ok::<_, Error>((connect(&event_loop, address, &from, true, protocol).await?, address)) }
    });
    let race = staggered_race(attempts, delay).await.map_err(|error| vec![error])?;
    match race.winner {
        Some((connected, _)) => Ok(connected),
        None => Err(race.exceptions.into_iter().flatten().collect()),
    }
}

/// The same addresses with the families taking turns, after `first` of that which the first address has.
fn interleaved(addresses: Vec<SocketAddr>, first: usize) -> Vec<SocketAddr> {
    let v4_leads = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (leading, others): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv4() == v4_leads);
    let (mut leading, mut others) = (leading.into_iter(), others.into_iter());
    let mut order: Vec<SocketAddr> = leading.by_ref().take(first - 1).collect();
    while leading.len() + others.len() > 0 {
        order.extend(leading.next());
        order.extend(others.next());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: [&str; 6] = ["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1", "1.0.0.2:1", "[::4]:1"];

    fn order(delay: Option<Duration>, interleave: Option<usize>, addresses: &[&str]) -> Vec<String> {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Pace { delay, interleave }.order(addresses).iter().map(|address| address.ip().to_string()).collect()
    }

    #[test]
    fn the_families_take_turns_until_one_has_no_more() {
        let expected = ["::1", "1.0.0.1", "::2", "1.0.0.2", "::3", "::4"];
        assert_eq!(order(Some(Duration::ZERO), None, &ADDRESSES), expected);
        assert_eq!(order(None, Some(1), &ADDRESSES), expected);
    }

    #[test]
    fn some_of_the_first_family_may_come_first() {
        assert_eq!(order(None, Some(2), &ADDRESSES), ["::1", "::2", "1.0.0.1", "::3", "1.0.0.2", "::4"]);
        assert_eq!(order(None, Some(100), &ADDRESSES), ["::1", "::2", "::3", "::4", "1.0.0.1", "1.0.0.2"]);
        assert_eq!(order(None, Some(2), &["1.0.0.1:1", "[::1]:1", "1.0.0.2:1"]), ["1.0.0.1", "1.0.0.2", "::1"]);
        assert_eq!(order(None, Some(usize::MAX), &[]), Vec::<String>::new());
    }

    #[test]
    fn without_happy_eyeballs_the_order_is_the_resolvers() {
        let expected = ["::1", "::2", "::3", "1.0.0.1", "1.0.0.2", "::4"];
        assert_eq!(order(None, None, &ADDRESSES), expected);
        assert_eq!(order(Some(Duration::ZERO), Some(0), &ADDRESSES), expected);
    }
}
