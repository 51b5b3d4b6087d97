impl Block {
    fn get_buffer(&mut self) -> &mut [u8] {
        &mut self.memory
    }
    fn buffer_updated(&mut self, nbytes: usize) {
        self.filled += nbytes;
    }
}
#[automatically_derived]
impl ::asyncio::__private::BufferedProtocol for Block {
    fn get_buffer(
        &mut self,
        _transport: &::asyncio::__private::Transport,
        _sizehint: ::asyncio::__private::core::option::Option<usize>,
    ) -> ::asyncio::__private::core::result::Result<&mut [u8], ::asyncio::__private::Error> {
        ::asyncio::__private::handled::<&mut [u8]>(Self::get_buffer(self))
    }
    fn buffer_updated(
        &mut self,
        _transport: &::asyncio::__private::Transport,
        nbytes: usize,
    ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
        ::asyncio::__private::handled::<()>(Self::buffer_updated(self, nbytes))
    }
}
