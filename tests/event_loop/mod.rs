//! The event loop: <https://docs.python.org/3/library/asyncio-eventloop.html>

mod connections;
mod listening;
mod servers;
