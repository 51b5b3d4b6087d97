//! What a thread of this process does at the machine's level: where it is in the code, and its stack.
//!
//! The thread is asked by a signal, for only it can say what stands in its registers, and a stack is in order only while its
//! owner stands still. The handler copies both and does nothing else; the frames are found elsewhere, in peace, out of the
//! copy. Until somebody asks, no handler is installed and no signal is sent.
//!
//! ```text
//!   who asks                                             the thread
//!   Question::ask ── ASKED ──▶ tgkill ─────────────────▶ on_signal: COPYING
//!        ▲                                                   │ registers, a bounded piece of the stack
//!        └──────────────── futex ◀── ANSWERED ◀──────────────┘
//! ```

mod modules;
mod question;
mod signal;
mod thread;

pub(crate) use modules::{Loaded, loaded};
pub(crate) use question::{Sample, sample};
pub(crate) use thread::Stack;
