impl Store {
    async fn line_received(&mut self, line: &[u8]) -> asyncio::Result<()> {
        self.database.insert(line).await
    }
}
#[automatically_derived]
impl ::asyncio::__private::FramedProtocol for Store {
    fn framing(&self) -> ::asyncio::__private::Framing {
        ::asyncio::__private::Framing::lines()
    }
    fn start_frame_received(
        transport: &::asyncio::__private::Transport,
        line: &[u8],
    ) -> ::asyncio::__private::core::result::Result<::asyncio::__private::Started, ::asyncio::__private::Error> {
        let line = ::asyncio::__private::std::vec::Vec::from(line);
        ::asyncio::__private::start(
            transport,
            "line_received",
            async move |this: &mut Self, transport: &::asyncio::__private::Transport| {
                ::asyncio::__private::handled::<()>(Self::line_received(this, &line).await)
            },
        )
    }
    fn frame_received(
        &mut self,
        _transport: &::asyncio::__private::Transport,
        _line: &[u8],
    ) -> ::asyncio::__private::core::result::Result<(), ::asyncio::__private::Error> {
        ::asyncio::__private::core::result::Result::Err(::asyncio::__private::not_here::<Self>("line_received"))
    }
}
