//! The native frames of the loop's thread: which functions it is in, at which lines. With the feature `backtrace`.
//!
//! The thread stops for the time that copying its stack takes; the frames are found and named here, on the watchdog's
//! thread, out of that copy. Nothing of this runs in a signal handler but the copying.

mod names;
mod unwind;

use std::io;

use names::{Frame, Whose};

use crate::sys::{Stack, loaded, sample};

/// Longer lists are cut at the outer end.
const MOST: usize = 48;

/// The loop's thread, for the watchdog to look at.
#[derive(Debug)]
pub(super) struct NativeFrames {
    stack: io::Result<Stack>,
}

impl NativeFrames {
    pub(super) fn of_this_thread() -> Self {
        Self { stack: Stack::of_this_thread() }
    }

    /// What the thread is in, as lines that follow a report.
    pub(super) fn report(&self) -> String {
        let stack = match &self.stack {
            Ok(stack) => stack,
            Err(error) => return format!("\nno native frames: the stack of the loop's thread is not known: {error}"),
        };
        match sample(stack) {
            Ok(sample) => {
                let files = loaded();
                let (addresses, end) = unwind::addresses(&sample, &files);
                text(names::of(&addresses, &files), end)
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                "\nno native frames: the loop's thread did not answer; it may wait where the system lets no signal in"
                    .to_owned()
            }
            Err(error) => format!("\nno native frames: {error}"),
        }
    }
}

fn text(mut frames: Vec<Frame>, end: unwind::End) -> String {
    let trimmed = trim(&mut frames);
    let mut text = String::from("\nnative frames, innermost first:");
    for frame in frames.iter().take(MOST) {
        text.push_str("\n  ");
        text.push_str(&frame.to_string());
    }
    if frames.len() > MOST {
        text.push_str(&format!("\n  and {} more", frames.len() - MOST));
    } else if !trimmed {
        text.push_str(match end {
            unwind::End::Outermost => "",
            unwind::End::Cut => "\n  and more, further away on the stack than is copied",
            unwind::End::Lost => "\n  and more, which cannot be told",
        });
    }
    text
}

/// Takes away how the loop came to run this, and how this crate runs one coroutine inside another. False: the place where
/// the loop does that was not found.
fn trim(frames: &mut Vec<Frame>) -> bool {
    let Some(batch) = frames.iter().position(Frame::runs_a_batch) else { return false };
    frames.truncate(batch);
    // What the program called comes first, whoever wrote it. Where nothing is the program's, all of it is what is slow.
    let Some(own) = frames.iter().position(|frame| frame.whose() == Whose::Program) else { return true };
    let calls = frames.split_off(own);
    let is_plumbing = |frame: &Frame| matches!(frame.whose(), Whose::Runtime | Whose::Library);
    for run in calls.chunk_by(|one, next| is_plumbing(one) == is_plumbing(next)) {
        if !run.iter().any(|frame| frame.whose() == Whose::Runtime) {
            frames.extend(run.iter().cloned());
        }
    }
    true
}
