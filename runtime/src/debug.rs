//! Debug mode's switch: where its first value comes from.

/// Whether the environment asks for debug mode: `ASYNCIODEBUG`, or Python's own `PYTHONASYNCIODEBUG`, not empty.
pub(crate) fn from_environment() -> bool {
    ["ASYNCIODEBUG", "PYTHONASYNCIODEBUG"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
