impl Shout {
    fn line_received(&mut self, transport: &Transport, line: &[u8]) -> asyncio::Result<()> {
        transport.write_line(line.to_ascii_uppercase())
    }
}
#[automatically_derived]
impl ::asyncio::__private::FramedProtocol for Shout {
    fn framing(&self) -> ::asyncio::__private::Framing {
        ::asyncio::__private::Framing::lines().max(512)
    }
    fn frame_received(
        &mut self,
        transport: &::asyncio::__private::Transport,
        line: &[u8],
    ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
        ::asyncio::__private::handled::<()>(Self::line_received(self, transport, line))
    }
}
