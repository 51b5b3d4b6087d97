//! Transports and protocols: <https://docs.python.org/3/library/asyncio-protocol.html>

mod call_order;
mod closing;
mod context;
mod datagram_batches;
mod datagram_endpoints;
mod datagram_errors;
mod datagram_flow;
mod datagrams;
mod extra_info;
mod failures;
mod flow_control;
mod logging;
mod reading;
mod set_protocol;
mod writing;
