use std::time::Duration;

use asyncio::{Result, Transport};

struct Store<T>(Vec<T>);

#[asyncio::protocol]
impl<T: From<Vec<u8>> + 'static> Store<T> {
    async fn connection_made(&self, transport: &Transport) {
        asyncio::sleep(Duration::ZERO).await;
        transport.write(b"ready");
    }

    async fn data_received(&mut self, data: Vec<u8>) -> Result<()> {
        asyncio::sleep(Duration::ZERO).await;
        self.0.push(data.into());
        Ok(())
    }

    async fn eof_received(&mut self) -> bool {
        false
    }
}

struct Lines(usize);

#[asyncio::protocol(lines)]
impl Lines {
    async fn line_received(&mut self, transport: &Transport, line: &[u8]) -> Result<()> {
        self.0 += line.len();
        asyncio::sleep(Duration::ZERO).await;
        transport.write_line(line)
    }
}

struct Block([u8; 8]);

#[asyncio::protocol]
impl Block {
    fn get_buffer(&mut self) -> &mut [u8] {
        &mut self.0
    }

    async fn buffer_updated(&mut self, nbytes: usize) {
        asyncio::sleep(Duration::from_millis(nbytes as u64)).await;
    }
}

fn any<K>(_: impl asyncio::IntoEndpoint<K>) {}

fn main() {
    any(Store::<Vec<u8>>(Vec::new()));
    any(Lines(0));
    any(Block([0; 8]));
}
