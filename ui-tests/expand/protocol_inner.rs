// A protocol around another one, with one callback of its own.

#[asyncio::protocol]
struct Counted<P> {
    #[protocol(inner)]
    inner: P,
    bytes: usize,
}

#[asyncio::protocol(overrides)]
impl<P: Protocol> Counted<P> {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) -> Result<()> {
        self.bytes += data.len();
        self.inner.data_received(transport, data)
    }
}
