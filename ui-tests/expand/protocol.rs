// Handlers of a stream protocol: each takes what it needs.

#[asyncio::protocol]
impl Echo {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.count += 1;
        transport.write(data);
    }

    fn eof_received(&mut self) -> bool {
        false
    }
}
