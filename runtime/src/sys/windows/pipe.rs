//! One end of a named pipe, on mio's: it reads and writes in the background. Type-checked, and never run so far.

use std::cell::{Cell, RefCell};
use std::ffi::OsStr;
use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, IoSlice, Read, Write};
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, IntoRawHandle, OwnedHandle};
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mio::windows::NamedPipe;
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, FILE_TYPE_PIPE, GetFileType, PIPE_ACCESS_INBOUND,
    PIPE_ACCESS_OUTBOUND,
};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT,
};

use super::CLOSED;
use super::descriptor::raw_handle;
use super::driver::{Handle, forget, remember};
use super::socket::uninterrupted;
use super::{Address, Channel, Direction, Interest, OwnedFile, RawFd};

/// How much the system keeps of what nobody has read yet.
const ROOM: u32 = 64 * 1024;

/// An owned end of a named pipe that was opened for work in the background.
pub(crate) struct Pipe {
    number: Cell<RawFd>,
    pipe: RefCell<Option<Rc<RefCell<NamedPipe>>>>,
    direction: Direction,
}

impl Pipe {
    /// Takes over a handle, or refuses it with `InvalidInput` if it is no pipe.
    pub(crate) fn adopt(handle: OwnedFile, direction: Direction) -> io::Result<Self> {
        // SAFETY: the handle is open.
        if unsafe { GetFileType(handle.as_raw_handle()) } != FILE_TYPE_PIPE {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        }
        Self::fresh(handle, direction)
    }

    /// Takes over an end of a pipe that was just made, and that nobody else has.
    pub(crate) fn fresh(handle: OwnedFile, direction: Direction) -> io::Result<Self> {
        // SAFETY: the handle is open, and given away here. One that was not opened for work in the background gives
        // errors when it is registered or used.
        let pipe = unsafe { NamedPipe::from_raw_handle(handle.into_raw_handle()) };
        Ok(Self::of(pipe, direction))
    }

    fn of(pipe: NamedPipe, direction: Direction) -> Self {
        let (number, pipe) = (raw_handle(&pipe), Rc::new(RefCell::new(pipe)));
        remember(number, Handle::Pipe(pipe.clone()));
        Self { number: Cell::new(number), pipe: RefCell::new(Some(pipe)), direction }
    }

    /// A second handle for the same pipe.
    pub(crate) fn duplicate(&self) -> io::Result<OwnedFile> {
        let pipe = self.pipe()?;
        let pipe = pipe.borrow();
        // SAFETY: the handle is open as long as `pipe` is borrowed.
        let handle = unsafe { BorrowedHandle::borrow_raw(pipe.as_raw_handle()) };
        handle.try_clone_to_owned()
    }

    pub(super) fn pipe(&self) -> io::Result<Rc<RefCell<NamedPipe>>> {
        let pipe = self.pipe.borrow().clone();
        pipe.ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, "the pipe is closed"))
    }
}

impl Channel for Pipe {
    const NAME: &'static str = "pipe";

    fn direction(&self) -> Direction {
        self.direction
    }

    fn interest(&self) -> Interest {
        match self.direction {
            Direction::Read => Interest::Read,
            Direction::Both | Direction::Write => Interest::Both,
        }
    }

    fn fileno(&self) -> Option<RawFd> {
        let number = self.number.get();
        (number != CLOSED).then_some(number)
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let pipe = self.pipe()?;
        uninterrupted(|| (&*pipe.borrow()).read(buffer))
    }

    fn send(&self, data: &[u8]) -> io::Result<usize> {
        let pipe = self.pipe()?;
        uninterrupted(|| (&*pipe.borrow()).write(data))
    }

    /// The first piece with something in it.
    fn send_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        pieces.iter().find(|piece| !piece.is_empty()).map_or(Ok(0), |piece| self.send(piece))
    }

    fn end_writing(&self) -> io::Result<()> {
        // It has no direction that could be ended alone, so its transport closes it instead.
        Ok(())
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.pipe()?.borrow().take_error()
    }

    fn local_address(&self) -> Option<Address> {
        None
    }

    fn close(&self) {
        forget(self.number.replace(CLOSED));
        let pipe = self.pipe.take();
        drop(pipe);
    }
}

/// A pipe to a child: our end, whose bytes go this way and which works in the background, and the child's.
pub(crate) fn pipe(ours: Direction) -> io::Result<(OwnedFile, OwnedFile)> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!(r"\\.\pipe\asyncio-child-{}-{count}", std::process::id());
    let access = if ours == Direction::Read { PIPE_ACCESS_INBOUND } else { PIPE_ACCESS_OUTBOUND };
    let ours_end = instance(name.as_ref(), access | FILE_FLAG_FIRST_PIPE_INSTANCE, 1)?;
    // The child's end works in the foreground, as programs expect.
    let mut options = OpenOptions::new();
    options.read(ours == Direction::Write).write(ours == Direction::Read);
    Ok((ours_end, options.open(&name)?.into()))
}

/// The server's side of a named pipe.
pub(super) fn instance(name: &OsStr, access: u32, instances: u32) -> io::Result<OwnedHandle> {
    let name: Vec<u16> = name.encode_wide().chain([0]).collect();
    let mode = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
    let (access, security) = (access | FILE_FLAG_OVERLAPPED, ptr::null());
    // SAFETY: the name ends in NUL, and lives through the call.
    let handle = unsafe { CreateNamedPipeW(name.as_ptr(), access, mode, instances, ROOM, ROOM, 0, security) };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system has just given it out, to nobody else.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// No error of reading says that the other side is gone in an orderly way, but the end of the stream.
pub(crate) const HUNG_UP: i32 = i32::MIN;

/// The poller refuses nothing because it would always be ready.
pub(crate) fn is_always_ready(_error: &io::Error) -> bool {
    false
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("fd", &self.number.get()).finish_non_exhaustive()
    }
}
