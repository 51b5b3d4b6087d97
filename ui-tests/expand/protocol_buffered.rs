// Memory of the protocol's own.

#[asyncio::protocol]
impl Block {
    fn get_buffer(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    fn buffer_updated(&mut self, nbytes: usize) {
        self.filled += nbytes;
    }
}
