// error: `Nothing` is not a protocol

struct Nothing;

fn switch(transport: &asyncio::Transport) {
    transport.set_protocol(Nothing);
}

fn main() {}
