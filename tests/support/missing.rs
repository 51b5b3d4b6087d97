//! What a test needs and a machine may lack: another program, a right. Where all is to be tested it must be there.

/// Says that a test is not run, and why. Under CI, where `CI` is `true` in the environment, that is a failure.
#[track_caller]
pub(crate) fn missing(what: std::fmt::Arguments<'_>) {
    let all = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!all, "{what}; with CI=true all tests must run");
    println!("not run: {what}");
}
