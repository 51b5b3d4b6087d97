impl Echo {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.count += 1;
        transport.write(data);
    }
    fn eof_received(&mut self) -> bool {
        false
    }
}
#[automatically_derived]
impl ::asyncio::__private::Protocol for Echo {
    fn data_received(
        &mut self,
        transport: &::asyncio::__private::Transport,
        data: &[u8],
    ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
        ::asyncio::__private::handled::<()>(Self::data_received(self, transport, data))
    }
    fn eof_received(
        &mut self,
        _transport: &::asyncio::__private::Transport,
    ) -> ::asyncio::__private::core::result::Result<bool, ::asyncio::__private::Error> {
        ::asyncio::__private::handled::<bool>(Self::eof_received(self))
    }
}
