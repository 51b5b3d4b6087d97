//! Working with socket objects directly: `sock_recv` and its kin, on sockets that belong to the program.
//!
//! Each operation is one system call that is tried at once; only where it would block is the socket registered, and
//! tried again when it is ready. It is done in the very poll that returns it, so there is nothing that a cancel could
//! lose between the call and whoever awaits it.

mod accept;
mod address;
mod connect;
mod receive;
mod send;
mod sendfile;
mod watch;

pub use accept::SockAccept;
pub use address::ConnectAddress;
pub use connect::SockConnect;
pub use receive::{SockRecv, SockRecvFrom, SockRecvFromInto, SockRecvInto};
pub use send::{SockSendAll, SockSendTo};
pub use sendfile::SockSendfile;

use std::fmt;
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::cancellation::is_marked;
use crate::event_loop::{Inner, current_inner};
use crate::exceptions::{Error, Result};
use crate::sys::{UserSocket, is_nonblocking, number, raw};
use crate::trace::{WaitsFor, waits_for};
use watch::{Side, Waiting};

/// Whether an operation may be tried on a blocking socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blocking {
    /// Its system call can be told not to block; debug mode refuses it all the same, as Python's does.
    Harmless,
    /// It would stop the loop.
    Stops,
}

/// One operation on one socket, from its first attempt to the one that does not block.
struct Operation<'a> {
    inner: Rc<Inner>,
    sock: &'a UserSocket,
    side: Side,
    stage: Stage,
}

enum Stage {
    New(Blocking),
    Waiting(Waiting),
    Done,
}

impl<'a> Operation<'a> {
    fn new(inner: &Rc<Inner>, sock: &'a UserSocket, side: Side, blocking: Blocking) -> Self {
        Self { inner: inner.clone(), sock, side, stage: Stage::New(blocking) }
    }

    /// Makes an attempt if it is the first one, or there was a report since the last; its `Pending` is "would block".
    fn poll<T>(
        &mut self,
        cx: &Context<'_>,
        mut attempt: impl FnMut(&'a UserSocket) -> Poll<Result<T>>,
    ) -> Poll<Result<T>> {
        match &self.stage {
            Stage::New(blocking) => {
                self.check_loop()?;
                self.check_mode(*blocking)?;
            }
            Stage::Waiting(waiting) if is_marked() || !waiting.is_woken(cx) => return self.pending(),
            Stage::Waiting(_) => {}
            Stage::Done => panic!("a socket operation was polled after it had ended"),
        }
        if let Poll::Ready(result) = attempt(self.sock) {
            self.stage = Stage::Done;
            return Poll::Ready(result);
        }
        match &mut self.stage {
            Stage::Waiting(waiting) => waiting.again(cx),
            stage => *stage = Stage::Waiting(Waiting::begin(&self.inner, raw(self.sock), self.side, cx)?),
        }
        self.pending()
    }

    fn pending<T>(&self) -> Poll<T> {
        waits_for(WaitsFor::Socket, number(self.sock));
        Poll::Pending
    }

    /// It is done, and shall make another attempt at the next poll.
    fn begin_anew(&mut self) {
        self.stage = Stage::New(Blocking::Harmless);
    }

    fn check_loop(&self) -> Result<()> {
        if current_inner(|running| running.is_some_and(|running| Rc::ptr_eq(running, &self.inner))) {
            return Ok(());
        }
        Err(Error::runtime_error(
            "a socket operation is awaited where its event loop does not run; use get_running_loop()",
        ))
    }

    fn check_mode(&self, blocking: Blocking) -> Result<()> {
        if blocking == Blocking::Harmless && !self.inner.get_debug() || is_nonblocking(self.sock)? {
            return Ok(());
        }
        let fd = raw(self.sock);
        Err(Error::value_error(format!(
            "the socket with descriptor {fd} is blocking; call set_nonblocking(true) on it"
        )))
    }
}

/// An attempt's outcome; an error is told with the address of the peer, or where there is none with the descriptor.
fn outcome<T>(sock: &UserSocket, result: io::Result<T>) -> Poll<Result<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        Err(error) => Poll::Ready(Err(match sock.peer_addr() {
            Ok(peer) => Error::os_error_at(error, address::text(&peer)),
            Err(_) => Error::os_error_at(error, format_args!("the socket with descriptor {}", raw(sock))),
        })),
        Ok(value) => Poll::Ready(Ok(value)),
    }
}

impl fmt::Debug for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::New(_) => "new",
            Stage::Waiting(_) => "waiting",
            Stage::Done => "done",
        };
        f.debug_struct("Operation").field("sock", &raw(self.sock)).field("stage", &stage).finish()
    }
}
