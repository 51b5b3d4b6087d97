//! Whom a TLS connection trusts, and as whom it presents itself: contexts, under the names of Python's module `ssl`.
//!
//! A context is made once and serves any number of connections of one side: clients or servers. It decides which
//! certificates are believed, which are shown, and which versions and application protocols are spoken.
//!
//! ```text
//!   create_default_context() ──▶ SslContextBuilder ── build() ──▶ SslContext ──▶ create_connection(…).ssl(&context)
//!                                 cafile, load_cert_chain, …                     create_server(…).ssl(&context)
//!                                                                                start_tls(&transport, &context)
//! ```
//!
//! TLS 1.2 and 1.3 are spoken; nothing older can be turned on. Nothing is believed that was not checked: the two ways
//! around a check begin with `danger`.
//!
//! # Examples
//!
//! ```no_run
//! use asyncio::ssl;
//!
//! # fn main() -> asyncio::Result<()> {
//! let client = ssl::create_default_context().build()?;
//! let server = ssl::create_default_context()
//!     .purpose(ssl::Purpose::ClientAuth)
//!     .load_cert_chain("cert.pem", "key.pem")
//!     .build()?;
//! # let _ = (client, server);
//! # Ok(())
//! # }
//! ```

mod builder;
mod chains;
mod context;
mod material;
mod object;
mod reason;
#[cfg(not(any(target_vendor = "apple", windows, target_os = "android")))]
#[path = "system_files.rs"]
mod system;
#[cfg(any(target_vendor = "apple", windows, target_os = "android"))]
#[path = "system_verifier.rs"]
mod system;
mod trust;

pub use builder::{Purpose, SslContextBuilder, TlsVersion, VerifyMode, create_default_context};
pub use context::SslContext;
pub use object::{Cipher, SslObject};

pub(crate) use context::Side;
pub(crate) use reason::explain;

#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as cryptography;
#[cfg(not(feature = "aws-lc-rs"))]
use rustls::crypto::ring as cryptography;
