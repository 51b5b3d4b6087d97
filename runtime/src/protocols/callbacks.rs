//! The callbacks that every kind of stream protocol has, written once.
//!
//! A supertrait would say the same, but then a user's `impl` of one kind would be two, and the macro's errors would name
//! a trait that nobody wrote.

macro_rules! connection_callbacks {
    (beginning) => {
        /// The connection is there. Python: `BaseProtocol.connection_made()`.
        ///
        /// # Errors
        ///
        /// Whatever the protocol wants to be reported; the connection stays.
        fn connection_made(&mut self, transport: &Transport) -> Result<()> {
            let _ = transport;
            Ok(())
        }

        /// Starts the `async fn` that handles this callback, if one does.
        #[doc(hidden)]
        #[inline]
        fn start_connection_made(transport: &Transport) -> Result<Started>
        where
            Self: Sized,
        {
            let _ = transport;
            Ok(Started::Not)
        }
    };
    (end) => {
        /// The peer sends no more. True keeps the connection open for writing, false closes it. Python:
        /// `Protocol.eof_received()`, `BufferedProtocol.eof_received()`.
        ///
        /// # Errors
        ///
        /// Whatever makes going on impossible: it is reported, and the connection ends with it.
        fn eof_received(&mut self, transport: &Transport) -> Result<bool> {
            let _ = transport;
            Ok(false)
        }

        /// The connection has ended: by an error, or regularly if `exc` is `None`. Python: `BaseProtocol.connection_lost()`.
        ///
        /// # Errors
        ///
        /// Whatever the protocol wants to be reported.
        fn connection_lost(&mut self, transport: &Transport, exc: Option<&Error>) -> Result<()> {
            let _ = (transport, exc);
            Ok(())
        }

        /// More waits to be sent than the high limit: stop writing. Python: `BaseProtocol.pause_writing()`.
        ///
        /// # Errors
        ///
        /// Whatever the protocol wants to be reported; the connection stays.
        fn pause_writing(&mut self, transport: &Transport) -> Result<()> {
            let _ = transport;
            Ok(())
        }

        /// There is room again: go on writing. Python: `BaseProtocol.resume_writing()`.
        ///
        /// # Errors
        ///
        /// Whatever the protocol wants to be reported; the connection stays.
        fn resume_writing(&mut self, transport: &Transport) -> Result<()> {
            let _ = transport;
            Ok(())
        }

        /// Starts the `async fn` that handles this callback, if one does.
        #[doc(hidden)]
        #[inline]
        fn start_eof_received(transport: &Transport) -> Result<Started>
        where
            Self: Sized,
        {
            let _ = transport;
            Ok(Started::Not)
        }
    };
}
pub(super) use connection_callbacks;
