//! asyncio's numbers, each with its reason.

use std::time::Duration;

/// From this many writes after the connection was lost, each one is logged: a few are normal, many are a bug.
pub const LOG_THRESHOLD_FOR_CONNLOST_WRITES: u32 = 5;

/// How long a server that ran out of descriptors waits before it accepts again.
pub const ACCEPT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Above this a callback counts as slow in debug mode, unless the loop was told otherwise.
pub const SLOW_CALLBACK_DURATION: Duration = Duration::from_millis(100);

/// How much of a file is read at a time, where the system cannot send it by itself.
pub const SENDFILE_FALLBACK_READBUFFER_SIZE: usize = 256 * 1024;

/// How long [`run`](crate::run()) and [`Runner`](crate::Runner) wait for the threads of the default executor at the end.
pub const THREAD_JOIN_TIMEOUT: Duration = Duration::from_secs(300);

/// How long a TLS handshake may take, unless it was told otherwise: a peer that stalls must not hold a connection.
pub const SSL_HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a closed TLS connection waits for the peer's last word, unless it was told otherwise.
pub const SSL_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest sleep in the kernel: a guard against overflow in the system's own arithmetic.
pub(crate) const MAXIMUM_SELECT_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
