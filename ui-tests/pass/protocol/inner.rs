#![deny(warnings, missing_docs)]
//! A struct that hands its callbacks on, and overrides some of them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Future, Protocol, Transport};

type Log = Rc<RefCell<Vec<String>>>;

struct Echo(Log, Future<()>);

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.0.borrow_mut().push(format!("echo {}", data.len()));
        transport.write(data);
    }

    fn connection_lost(&mut self) {
        self.0.borrow_mut().push("lost".to_owned());
        self.1.set_result(()).expect("is lost once");
    }
}

/// Counts what goes to the protocol inside.
#[asyncio::protocol]
pub struct Counted<P> {
    #[protocol(inner)]
    inner: P,
    log: Log,
}

mod overrides {
    use super::*;

    #[asyncio::protocol(overrides)]
    impl<P: Protocol> Counted<P> {
        fn data_received(&mut self, transport: &Transport, data: &[u8]) -> asyncio::Result<()> {
            self.log.borrow_mut().push(format!("count {}", data.len()));
            self.inner.data_received(transport, data)
        }
    }
}

/// Does nothing at all.
#[asyncio::protocol]
struct Client;

#[asyncio::protocol(overrides)]
impl Client {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(b"hello");
    }

    fn data_received(&mut self, transport: &Transport) {
        transport.close();
    }
}

#[asyncio::main]
async fn main() -> asyncio::Result<()> {
    let event_loop = asyncio::get_running_loop()?;
    let (log, lost) = (Log::default(), event_loop.create_future());
    let (served, ended) = (log.clone(), lost.clone());
    let factory = move || Counted { inner: Echo(served.clone(), ended.clone()), log: served.clone() };
    let server = event_loop.create_server(factory, "127.0.0.1", 0).await?;
    let port = server.sockets()[0].local_addr()?.port();
    event_loop.create_connection(|| Client, "127.0.0.1", port).await?;
    asyncio::timeout(Duration::from_secs(10), lost).await?;
    server.close();
    assert_eq!(log.take(), ["count 5", "echo 5", "lost"]);
    Ok(())
}
