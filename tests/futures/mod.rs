//! Futures: <https://docs.python.org/3/library/asyncio-future.html>

mod awaiting;
mod callbacks;
mod cancelling;
mod concurrent;
mod lost;
mod results;
