//! Chapters in prose.
//!
//! - [`coming_from_python`]: the same program twice, and what to unlearn.
//! - [`cancellation`]: what a cancel is, how it travels, and how to clean up after it.
//! - [`differences`]: every intended difference from Python, with its reason.
//! - [`errors`]: what each report means that carries a number.
//! - [`what_happens`]: what a program says when something goes wrong.
//! - [`testing`]: tests that take no time, run in many orders, and end when they hang.
//! - [`performance`]: where the time goes, the targets, and how each was reached.

pub mod coming_from_python {
    #![doc = include_str!("coming_from_python.md")]
}

pub mod cancellation {
    #![doc = include_str!("cancellation.md")]
}

pub mod differences {
    #![doc = include_str!("differences.md")]
}

pub mod errors {
    #![doc = include_str!("errors.md")]
}

pub mod what_happens {
    #![doc = include_str!("what_happens.md")]
}

pub mod testing {
    #![doc = include_str!("testing.md")]
}

pub mod performance {
    #![doc = include_str!("performance.md")]
}
