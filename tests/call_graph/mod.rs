//! Call graph introspection: <https://docs.python.org/3/library/asyncio-graph.html>

mod capturing;
mod cycles;
#[cfg(target_os = "linux")]
mod processes;
mod shapes;
mod waits;
