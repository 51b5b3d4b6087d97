//! A folder with files, a server for it, and a blocking client on a thread of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use asyncio::{ConcurrentFuture, Error};

use crate::folder::Folder;
use crate::session::Session;

/// A folder that goes with this.
pub(crate) struct Site(PathBuf);

impl Site {
    pub(crate) fn new(files: &[(&str, &[u8])]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("asyncio-site-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let site = Self(std::env::temp_dir().join(name));
        fs::create_dir(site.path()).unwrap();
        for (name, content) in files {
            let path = site.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        site
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Serves the site while the client runs.
pub(crate) fn served(site: &Site, client: impl FnOnce(SocketAddr) + Send + 'static) {
    let folder = Folder::new(site.path()).unwrap();
    let served = asyncio::run(async move {
        let event_loop = asyncio::get_running_loop()?;
        let server = event_loop.create_server(move || Session::new(&folder), "127.0.0.1", 0).await?;
        let address = server.sockets()[0].local_addr()?;
        let outcome = ConcurrentFuture::new();
        let setter = outcome.clone();
        std::thread::spawn(move || match catch_unwind(AssertUnwindSafe(|| client(address))) {
            Ok(()) => setter.set_result(()),
            Err(_) => setter.set_exception(Error::runtime_error("the client panicked; see above")),
        });
        asyncio::wrap_future(outcome)?.await?;
        server.close();
        server.close_clients();
        server.wait_closed().await
    });
    served.unwrap();
}

/// One connection.
pub(crate) struct Client(BufReader<TcpStream>);

/// An answer; the head without the lines that are different each time.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        // Only a broken server is ever waited for so long.
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self(BufReader::new(stream))
    }

    pub(crate) fn send(&mut self, data: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(data.as_ref()).unwrap();
    }

    /// Reads an answer to GET.
    pub(crate) fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        let length = answer.header("Content-Length").map_or(0, |length| length.parse().unwrap());
        answer.body = vec![0; length];
        self.0.read_exact(&mut answer.body).unwrap();
        answer
    }

    /// Reads an answer that has no body.
    pub(crate) fn head(&mut self) -> Answer {
        let mut lines = std::iter::from_fn(|| {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let line = line.strip_suffix("\r\n").unwrap_or_else(|| panic!("{line:?} is no line of a head")).to_owned();
            (!line.is_empty()).then_some(line)
        });
        let status = lines.next().unwrap().strip_prefix("HTTP/1.1 ").unwrap().to_owned();
        let split =
            |line: String| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap();
        Answer { status, headers: lines.map(split).collect(), body: Vec::new() }
    }

    pub(crate) fn get(&mut self, path: &str, headers: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: here\r\n{headers}\r\n"));
        self.answer()
    }

    /// All that comes until the end of the connection.
    pub(crate) fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        rest
    }

    /// As [`rest`](Self::rest), of a connection that may end by a reset: how much came.
    pub(crate) fn rest_or_reset(mut self) -> usize {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest);
        rest.len()
    }

    /// Sends all of it from a thread of its own, in pieces of these lengths in turn.
    pub(crate) fn requests_in_pieces(&self, requests: &str, lengths: &[usize]) -> JoinHandle<()> {
        let (mut stream, requests) = (self.0.get_ref().try_clone().unwrap(), requests.to_owned());
        let lengths = lengths.to_owned();
        std::thread::spawn(move || {
            let mut rest = requests.as_bytes();
            for length in lengths.into_iter().cycle() {
                let (piece, others) = rest.split_at(length.min(rest.len()));
                stream.write_all(piece).unwrap();
                rest = others;
                if rest.is_empty() {
                    return;
                }
            }
        })
    }

    pub(crate) fn shutdown(&self, how: Shutdown) {
        self.0.get_ref().shutdown(how).unwrap();
    }
}
