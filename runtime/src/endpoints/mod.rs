//! Endpoints: connections and servers, made by the loop.

mod acceptor;
mod connect;
mod creating;
mod datagram;
mod listen;
mod pipes;
mod server;
mod unfinished;

pub use connect::CreateConnection;
pub use creating::Creating;
pub use datagram::CreateDatagramEndpoint;
pub use listen::CreateServer;
pub use server::Server;
