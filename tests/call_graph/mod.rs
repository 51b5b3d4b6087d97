//! Call graph introspection: <https://docs.python.org/3/library/asyncio-graph.html>

mod capturing;
mod cycles;
mod levels;
#[cfg(target_os = "linux")]
mod processes;
mod shapes;
mod waits;

/// The stack of a task, a line each, innermost first.
fn lines(task: &asyncio::AnyTask) -> Vec<String> {
    let text = asyncio::format_call_graph(Some(task)).unwrap();
    text.lines().filter_map(|line| line.strip_prefix("  | ")).map(str::to_owned).collect()
}
