//! What stands in the place of native frames without the feature `backtrace`, and where the system has none to give: nothing.

/// Nothing.
#[derive(Debug)]
pub(super) struct NativeFrames;

impl NativeFrames {
    pub(super) fn of_this_thread() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "the other one has something to tell")]
    pub(super) fn report(&self) -> String {
        String::new()
    }
}
