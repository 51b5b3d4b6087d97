// Lines, each handed over without its end.

#[asyncio::protocol(lines, max = 512)]
impl Shout {
    fn line_received(&mut self, transport: &Transport, line: &[u8]) -> asyncio::Result<()> {
        transport.write_line(line.to_ascii_uppercase())
    }
}
