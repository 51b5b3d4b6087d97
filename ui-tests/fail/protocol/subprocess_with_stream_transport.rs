// error: `transport` has another type: write `&SubprocessTransport`

use asyncio::Transport;

struct Watcher;

#[asyncio::protocol]
impl Watcher {
    fn process_exited(&mut self, transport: &Transport) {
        println!("{transport:?}");
    }
}

fn main() {}
