//! One connection: requests out of its bytes, answers in their order.
//!
//! What is in memory is answered at once. A file that has to be found or sent is the business of a task, and nothing is
//! received until it is done. So what a connection keeps is bounded: the head of a request by `MAX_HEAD`, answers by not
//! reading while the client does not take what it asked for.

use std::rc::Rc;

use asyncio::{Error, Transport};

use super::folder::{Folder, Found};
use super::request::{Fault, Request, TOO_LARGE};
use super::response::{answer, refuse};

/// The longest head of a request.
const MAX_HEAD: usize = 8 * 1024;

/// The protocol of one connection.
#[derive(Debug)]
pub struct Session {
    folder: Rc<Folder>,
    /// For heads with the small files behind them.
    buffer: Vec<u8>,
}

impl Session {
    pub fn new(folder: &Rc<Folder>) -> Self {
        Self { folder: folder.clone(), buffer: Vec::new() }
    }

    fn refuse(&mut self, transport: &Transport, fault: Fault) {
        refuse(fault, None, &self.folder.now(), &mut self.buffer);
        transport.write(&self.buffer);
        self.buffer.clear();
        transport.close();
    }
}

#[asyncio::protocol(delimited = b"\r\n\r\n", max = MAX_HEAD)]
impl Session {
    fn frame_received(&mut self, transport: &Transport, frame: &[u8]) {
        let request = match Request::parse(frame) {
            Ok(request) => request,
            Err(fault) => return self.refuse(transport, fault),
        };
        let Some(found) = self.folder.recent(request.path).filter(|found| found.content.is_some()) else {
            transport.pause_reading();
            drop(asyncio::create_task(later(self.folder.clone(), transport.clone(), frame.to_vec())));
            return;
        };
        answer_small(&request, &found, &self.folder.now(), &mut self.buffer);
        transport.write(&self.buffer);
        self.buffer.clear();
        if !request.keep_alive {
            transport.close();
        } else if transport.get_write_buffer_size() > transport.get_write_buffer_limits().1 {
            // So much waits that `resume_writing` will be called.
            transport.pause_reading();
        }
    }

    fn frame_too_long(&mut self, transport: &Transport, _exc: &Error) -> bool {
        self.refuse(transport, TOO_LARGE);
        true
    }

    fn resume_writing(&mut self, transport: &Transport) {
        transport.resume_reading();
    }
}

/// Puts the answer with a file that is in memory into the buffer.
fn answer_small(request: &Request<'_>, found: &Found, now: &str, buffer: &mut Vec<u8>) {
    let bytes = answer(request, found, now, buffer);
    let content = found.content.as_deref().unwrap_or_default();
    buffer.extend_from_slice(&content[bytes.start as usize..bytes.end as usize]);
}

/// Answers with a file that has to be found, or is large, and has the next request delivered then.
async fn later(folder: Rc<Folder>, transport: Transport, frame: Vec<u8>) {
    let Ok(request) = Request::parse(&frame) else { return transport.abort() };
    let found = match folder.recent(request.path) {
        Some(found) => Ok(found),
        None => folder.find(request.path).await,
    };
    let mut buffer = Vec::new();
    let mut ends = !request.keep_alive;
    match found {
        Err(fault) => {
            ends = refuse(fault, Some(&request), &folder.now(), &mut buffer);
            transport.write(&buffer);
        }
        Ok(found) if found.content.is_some() => {
            answer_small(&request, &found, &folder.now(), &mut buffer);
            transport.write(&buffer);
        }
        Ok(found) => {
            let bytes = answer(&request, &found, &folder.now(), &mut buffer);
            transport.write(&buffer);
            if !bytes.is_empty() && send(&transport, &found, bytes.start, bytes.end - bytes.start).await.is_err() {
                return transport.abort();
            }
        }
    }
    if ends {
        transport.close();
    } else {
        transport.resume_reading();
    }
}

/// Sends a part of a large file. It is an error if the client has gone, or waits for more than there is.
async fn send(transport: &Transport, found: &Found, offset: u64, count: u64) -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let sent = event_loop.sendfile(transport, &found.file).offset(offset).count(count).await?;
    if sent < count { Err(Error::runtime_error("the file has become shorter")) } else { Ok(()) }
}
