use asyncio::{BufferedProtocol, Error, FramedProtocol, IntoEndpoint, Result, Transport};

struct Block<const N: usize>([u8; N]);

#[asyncio::protocol]
impl<const N: usize> Block<N> {
    fn get_buffer(&mut self, _transport: &Transport, sizehint: Option<usize>) -> Result<&mut [u8]> {
        let size = sizehint.unwrap_or(N).min(N);
        self.0.get_mut(..size).ok_or_else(|| Error::runtime_error("never"))
    }

    fn buffer_updated(&mut self, _nbytes: usize) {}
}

struct Plain([u8; 4]);

#[asyncio::protocol]
impl Plain {
    fn get_buffer(&mut self) -> &mut [u8] {
        &mut self.0
    }

    fn buffer_updated(&mut self) -> Result<(), std::io::Error> {
        Ok(())
    }
}

const LIMIT: usize = 100;

struct Lines(Vec<String>);

#[asyncio::protocol(lines, max = 2 * LIMIT)]
impl Lines {
    fn line_received(&mut self, line: &[u8]) {
        self.0.push(String::from_utf8_lossy(line).into_owned());
    }

    fn frame_too_long(&mut self, exc: &Error) -> bool {
        println!("{exc}");
        true
    }
}

struct Frames;

#[asyncio::protocol(length_prefixed = u64 le)]
impl Frames {
    fn frame_received(&self, transport: &Transport, frame: &[u8]) -> Result<()> {
        transport.write_frame(frame)
    }

    fn eof_received(&self) -> Result<bool> {
        Ok(true)
    }
}

struct Zeros;

#[asyncio::protocol(delimited = b"\0")]
impl Zeros {
    fn frame_received(&mut self, _frame: &[u8]) {}
}

fn switch(transport: &Transport) {
    transport.set_protocol(Block([0; 5]));
    transport.set_protocol(Lines(Vec::new()));
    transport.set_protocol(Frames);
    let _ = transport.get_protocol::<Frames>();
}

fn any<K>(_: impl IntoEndpoint<K>) {}

fn main() {
    let _ = switch;
    any(Plain([0; 4]));
    any(Zeros);
    fn buffered(_: impl BufferedProtocol) {}
    fn framed(_: impl FramedProtocol) {}
    buffered(Block([0; 1]));
    framed(Frames);
}
