//! Endpoints: connections and servers, made by the loop.

mod accepted;
mod acceptor;
mod binding;
mod connect;
mod creating;
mod datagram;
mod listen;
mod named_pipes;
mod pipes;
#[cfg(feature = "tls")]
mod secure;
#[cfg(not(feature = "tls"))]
#[path = "insecure.rs"]
mod secure;
mod serve_forever;
mod server;
mod set_up;
mod unfinished;
mod unix_connection;
mod unix_server;

pub use accepted::ConnectAcceptedSocket;
pub use connect::CreateConnection;
pub use creating::Creating;
pub(crate) use creating::check_running;
pub use datagram::CreateDatagramEndpoint;
pub use listen::CreateServer;
pub use named_pipes::PipeServer;
pub(crate) use secure::Secure;
pub use server::Server;
pub(crate) use set_up::set_up;
pub(crate) use unfinished::Unfinished;
pub use unix_connection::CreateUnixConnection;
pub use unix_server::CreateUnixServer;
