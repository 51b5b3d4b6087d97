//! `Server::serve_forever`: listening until a cancel, which closes the server and its connections first.

use std::future::{IntoFuture, pending};
use std::rc::Rc;

use super::server::{Core, Server};
use crate::cancellation;
use crate::exceptions::{CancelledError, Error, Result};
use crate::future::Future;
use crate::wait::catch_cancelled;

impl Server {
    /// Listens until it is cancelled or the server is closed. Python: `Server.serve_forever()`.
    ///
    /// If [`close`](Self::close) is called elsewhere, it waits for the connections to end and gives `CancelledError`.
    ///
    /// # Errors
    ///
    /// `RuntimeError` if the server is closed already, or somebody else awaits its `serve_forever`; `OsError` if the
    /// system refuses to listen; `CancelledError` after `close`.
    ///
    /// # Cancellation
    ///
    /// Closes the server and its connections, which still send what was written to them, waits for their end, and goes
    /// on leaving. As in Python there is no grace for what goes on, and no limit for a peer that does not read: where one
    /// is wanted, see [how a server ends gracefully](Self#ending-gracefully).
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> asyncio::Result<()> {
    /// # struct Nothing;
    /// # #[asyncio::protocol]
    /// # impl Nothing {}
    /// use std::time::Duration;
    ///
    /// asyncio::run(async {
    ///     let event_loop = asyncio::get_running_loop()?;
    ///     let server = event_loop.create_server(|| Nothing, "127.0.0.1", 0).await?;
    ///     let served = asyncio::timeout(Duration::from_millis(10), server.serve_forever()).await;
    ///     assert!(served.unwrap_err().is_timeout());
    ///     assert!(!server.is_serving());
    ///     Ok::<_, asyncio::Error>(())
    /// })
    /// # }
    /// ```
    pub async fn serve_forever(&self) -> Result<()> {
        let waiting = Forever::enter(&self.core)?;
        self.core.start()?;
        match catch_cancelled(waiting.future.clone().into_future()).await {
            Ok(outcome) => {
                self.wait_closed().await?;
                outcome
            }
            Err(cancelled) => {
                self.close();
                self.close_clients();
                self.wait_closed().await?;
                go_on_leaving(cancelled).await
            }
        }
    }
}

/// Somebody awaits `serve_forever`, until this is dropped.
struct Forever {
    core: Rc<Core>,
    future: Future<()>,
}

impl Forever {
    fn enter(core: &Rc<Core>) -> Result<Self> {
        let mut forever = core.forever.borrow_mut();
        if forever.is_some() {
            return Err(Error::runtime_error("serve_forever() of this server is being awaited already"));
        }
        let future = core.future();
        *forever = Some(future.clone());
        Ok(Self { core: core.clone(), future })
    }
}

impl Drop for Forever {
    fn drop(&mut self) {
        let future = self.core.forever.take();
        drop(future);
    }
}

/// What a boundary does that has cleaned up after a cancel.
async fn go_on_leaving<T>(cancelled: CancelledError) -> T {
    cancellation::leave(cancelled);
    // The next boundary sees the mark in this very poll, and drops us.
    pending().await
}
