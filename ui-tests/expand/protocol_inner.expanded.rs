struct Counted<P> {
    inner: P,
    bytes: usize,
}
const _: () = {
    #[allow(dead_code)]
    trait Inherited {
        fn __asyncio_connection_made(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error>;
        fn __asyncio_data_received(
            &mut self,
            transport: &::asyncio::__private::Transport,
            data: &[u8],
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error>;
        fn __asyncio_eof_received(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<bool, ::asyncio::__private::Error>;
        fn __asyncio_connection_lost(
            &mut self,
            transport: &::asyncio::__private::Transport,
            exc: ::asyncio::__private::core::option::Option<&::asyncio::__private::Error>,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error>;
        fn __asyncio_pause_writing(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error>;
        fn __asyncio_resume_writing(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error>;
    }
    #[automatically_derived]
    impl<P> Inherited for Counted<P>
    where
        Self: 'static,
        P: ::asyncio::__private::Protocol,
    {
        fn __asyncio_connection_made(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
            ::asyncio::__private::Protocol::connection_made(&mut self.inner, transport)
        }
        fn __asyncio_data_received(
            &mut self,
            transport: &::asyncio::__private::Transport,
            data: &[u8],
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
            ::asyncio::__private::Protocol::data_received(&mut self.inner, transport, data)
        }
        fn __asyncio_eof_received(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<bool, ::asyncio::__private::Error> {
            ::asyncio::__private::Protocol::eof_received(&mut self.inner, transport)
        }
        fn __asyncio_connection_lost(
            &mut self,
            transport: &::asyncio::__private::Transport,
            exc: ::asyncio::__private::core::option::Option<&::asyncio::__private::Error>,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
            ::asyncio::__private::Protocol::connection_lost(&mut self.inner, transport, exc)
        }
        fn __asyncio_pause_writing(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
            ::asyncio::__private::Protocol::pause_writing(&mut self.inner, transport)
        }
        fn __asyncio_resume_writing(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
            ::asyncio::__private::Protocol::resume_writing(&mut self.inner, transport)
        }
    }
    #[automatically_derived]
    impl<P> ::asyncio::__private::Protocol for Counted<P>
    where
        Self: 'static,
        P: ::asyncio::__private::Protocol,
    {
        fn connection_made(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
            self.__asyncio_connection_made(transport)
        }
        fn data_received(
            &mut self,
            transport: &::asyncio::__private::Transport,
            data: &[u8],
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
            self.__asyncio_data_received(transport, data)
        }
        fn eof_received(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<bool, ::asyncio::__private::Error> {
            self.__asyncio_eof_received(transport)
        }
        fn connection_lost(
            &mut self,
            transport: &::asyncio::__private::Transport,
            exc: ::asyncio::__private::core::option::Option<&::asyncio::__private::Error>,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
            self.__asyncio_connection_lost(transport, exc)
        }
        fn pause_writing(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
            self.__asyncio_pause_writing(transport)
        }
        fn resume_writing(
            &mut self,
            transport: &::asyncio::__private::Transport,
        ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
            self.__asyncio_resume_writing(transport)
        }
    }
};
impl<P: Protocol> Counted<P> {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) -> Result<()> {
        self.bytes += data.len();
        self.inner.data_received(transport, data)
    }
}
#[automatically_derived]
impl<P: Protocol> Counted<P>
where
    Counted<P>: ::asyncio::__private::Protocol,
{
    #[doc(hidden)]
    pub(crate) fn __asyncio_data_received(
        &mut self,
        transport: &::asyncio::__private::Transport,
        data: &[u8],
    ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
        ::asyncio::__private::handled::<()>(Self::data_received(self, transport, data))
    }
}
