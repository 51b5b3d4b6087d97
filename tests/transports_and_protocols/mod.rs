//! Transports and protocols: <https://docs.python.org/3/library/asyncio-protocol.html>

/// Examples, of which only the protocols are used.
macro_rules! examples {
    ($($path:literal $name:ident)*) => {$(
        #[path = $path]
        #[expect(clippy::allow_attributes, reason = "the compiler takes what is expected to be dead for alive")]
        #[allow(dead_code, reason = "nobody calls their main")]
        mod $name;
    )*};
}

mod async_callbacks;
mod async_handlers;
mod buffered;
mod call_order;
mod closing;
mod context;
mod datagram_batches;
mod datagram_endpoints;
mod datagram_errors;
mod datagram_flow;
#[cfg(target_os = "linux")]
mod datagram_streams;
mod datagrams;
mod draining;
mod example_datagrams;
mod example_pieces;
mod extra_info;
mod failures;
mod flow_control;
mod framing;
mod line_chat;
mod logging;
mod read_pipes;
mod reading;
mod receivers_without_room;
mod sending_files;
mod set_protocol;
mod terminals;
mod unix_datagrams;
mod write_pipes;
mod writing;
