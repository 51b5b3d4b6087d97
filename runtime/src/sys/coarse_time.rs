//! A clock that is cheap to read and ticks every few milliseconds.

/// A number that changes with each tick of the system, a few milliseconds each; a read costs no system call, and a few
/// nanoseconds.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn coarse_time() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `time`. Every system has this clock; should it fail, the number stays as it is.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time) };
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

/// The same by the ordinary clock.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn coarse_time() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;

    /// In milliseconds.
    const TICK: u128 = 4;
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let ticks = ORIGIN.get_or_init(Instant::now).elapsed().as_millis() / TICK;
    u64::try_from(ticks).unwrap_or(u64::MAX)
}
