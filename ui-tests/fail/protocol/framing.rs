// error: framing comes with a later version of asyncio: remove `lines` and cut the frames in `data_received`

struct Echo;

#[asyncio::protocol(lines, max = 1024)]
impl Echo {}

fn main() {}
