//! One connection: requests out of its bytes, answers in their order.
//!
//! The handler is a task where it has to wait, for a file that must be found or sent. Nothing is received meanwhile, so
//! what a connection keeps is bounded: the head of a request by `MAX_HEAD`, answers by not reading while the client does
//! not take what it asked for.

use std::rc::Rc;

use asyncio::{Error, Transport};

use super::folder::Folder;
use super::request::{Fault, Request, TOO_LARGE};
use super::response::{answer, refuse};

/// The longest head of a request.
const MAX_HEAD: usize = 8 * 1024;

/// The protocol of one connection.
#[derive(Debug)]
pub struct Session {
    folder: Rc<Folder>,
    /// For a head, and a small file behind it.
    buffer: Vec<u8>,
}

impl Session {
    pub fn new(folder: &Rc<Folder>) -> Self {
        Self { folder: folder.clone(), buffer: Vec::new() }
    }

    /// Answers with what is wrong.
    fn refuse(&mut self, transport: &Transport, fault: Fault, request: Option<&Request<'_>>) {
        let ends = refuse(fault, request, &self.folder.now(), &mut self.buffer);
        self.write(transport);
        if ends {
            transport.close();
        }
    }

    fn write(&mut self, transport: &Transport) {
        transport.write(&self.buffer);
        self.buffer.clear();
        if transport.get_write_buffer_size() > transport.get_write_buffer_limits().1 {
            // So much waits that `resume_writing` will be called.
            transport.pause_reading();
        }
    }
}

#[asyncio::protocol(delimited = b"\r\n\r\n", max = MAX_HEAD)]
impl Session {
    async fn frame_received(&mut self, transport: &Transport, frame: &[u8]) -> asyncio::Result<()> {
        let request = match Request::parse(frame) {
            Ok(request) => request,
            Err(fault) => {
                self.refuse(transport, fault, None);
                return Ok(());
            }
        };
        let found = match self.folder.recent(request.path) {
            Some(found) => Ok(found),
            None => self.folder.find(request.path).await,
        };
        let found = match found {
            Ok(found) => found,
            Err(fault) => {
                self.refuse(transport, fault, Some(&request));
                return Ok(());
            }
        };
        let bytes = answer(&request, &found, &self.folder.now(), &mut self.buffer);
        let count = bytes.end - bytes.start;
        if let Some(content) = &found.content {
            self.buffer.extend_from_slice(&content[bytes.start as usize..bytes.end as usize]);
            self.write(transport);
        } else {
            self.write(transport);
            if count > 0 {
                let event_loop = asyncio::get_running_loop()?;
                let sent = event_loop.sendfile(transport, &found.file).offset(bytes.start).count(count).await;
                if sent.is_ok_and(|sent| sent < count) {
                    // The file has become shorter, and the client waits for more than there is.
                    transport.abort();
                }
            }
        }
        if !request.keep_alive {
            transport.close();
        }
        Ok(())
    }

    fn frame_too_long(&mut self, transport: &Transport, _exc: &Error) -> bool {
        self.refuse(transport, TOO_LARGE, None);
        true
    }

    fn resume_writing(&mut self, transport: &Transport) {
        transport.resume_reading();
    }
}
