//! What a worker does from its start to its end: reads a call, runs it, writes the answer. It has no event loop of its
//! own, and nothing but the socket ends it: the pool closes that, or is gone.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::process;

use super::frame::{Assembly, Message, Sending};
use crate::exceptions::install_hook;
use crate::executor::Parcel;
use crate::sys::worker::{end_with_parent, take_socket};

/// The exit code of a worker that has lost its pool in the middle of something.
const LOST: i32 = 1;

/// Works until there is nothing left to do; the process ends here.
pub(super) fn serve() -> ! {
    // Panics of calls shall say where they happened.
    install_hook();
    match work() {
        Ok(()) => process::exit(0),
        Err(error) => {
            eprintln!("ASY0023: a worker process has lost its pool: {error}");
            process::exit(LOST)
        }
    }
}

fn work() -> io::Result<()> {
    let mut socket = take_socket()?;
    end_with_parent(&socket)?;
    write(&mut socket, &Sending::hello(&Parcel::default()))?;
    let mut assembly = Assembly::new();
    while let Some(message) = read(&mut socket, &mut assembly)? {
        let Message::Call(function, arguments) = message else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it sent something else than a call"));
        };
        let answer = function.call(arguments);
        match write(&mut socket, &Sending::answer(&answer)) {
            // The pool does not want the answer, nor anything else.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
    Ok(())
}

/// The next message; `None` at the end.
fn read(socket: &mut UnixStream, assembly: &mut Assembly) -> io::Result<Option<Message>> {
    loop {
        let count = match socket.read(assembly.room()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // A pool that had something to say to a worker that was about to end.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            count => count?,
        };
        if count == 0 {
            return if assembly.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        let unreadable = |_| io::Error::new(io::ErrorKind::InvalidData, "it sent what cannot be read");
        if let Some(message) = assembly.filled(count).map_err(unreadable)? {
            return Ok(Some(message));
        }
    }
}

fn write(socket: &mut UnixStream, sending: &Sending<'_>) -> io::Result<()> {
    sending.slices().try_for_each(|slice| socket.write_all(slice))
}
