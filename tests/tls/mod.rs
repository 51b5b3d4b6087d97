//! TLS: `ssl=` of the endpoints, and <https://docs.python.org/3/library/asyncio-eventloop.html#tls-upgrade>

mod agreeing;
pub(crate) mod certificates;
mod closing;
mod failing_writes;
mod flow;
mod handshakes;
mod kinds;
mod left_overs;
mod misuse;
mod openssl;
mod peers;
mod pieces;
mod refusing;
mod sending_files;
mod slow_peers;
mod upgrading;
mod upgrading_handlers;
