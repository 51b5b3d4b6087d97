// error: cannot be sent between threads safely

fn greet_later(transport: asyncio::Transport) {
    std::thread::spawn(move || transport.write(b"hello"));
}

fn main() {}
