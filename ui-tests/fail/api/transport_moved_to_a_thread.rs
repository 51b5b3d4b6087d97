// error: required because it appears within the type `Transport`

fn greet_later(transport: asyncio::Transport) {
    std::thread::spawn(move || transport.write(b"hello"));
}

fn main() {}
