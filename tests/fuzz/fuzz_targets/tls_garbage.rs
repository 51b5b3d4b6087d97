//! TLS between two connections in memory, with somebody between who cuts, changes, drops and makes up bytes: nothing that
//! was not sent is ever received, each connection ends once, and nothing hangs.

#![no_main]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::ssl::{self, Purpose, SslContext, TlsVersion};
use asyncio::testing::{MemoryPeer, MemoryTransports, until_idle};
use asyncio::{Error, Runner, Transport};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

/// What is done to the bytes that come by next.
#[derive(Arbitrary, Clone, Debug)]
enum Act {
    /// So many pass as they are.
    Pass(u16),
    /// A piece of its own: so many pass, and arrive before the others.
    Piece(u8),
    Change(u8),
    Drop(u8),
    MakeUp(Vec<u8>),
    /// Something that looks like a record.
    Record(u8, Vec<u8>),
    End,
    Abort,
}

#[derive(Arbitrary, Debug)]
struct Input {
    old: bool,
    /// What both sides say once they are connected, and whether they then close.
    says: [Vec<u8>; 2],
    closes: [bool; 2],
    /// To the server and to the client, in turn.
    acts: Vec<(bool, Act)>,
}

#[derive(Default)]
struct Seen {
    received: Vec<u8>,
    ended: bool,
    lost: u32,
}

struct Side(Rc<RefCell<Seen>>);

#[asyncio::protocol]
impl Side {
    fn data_received(&mut self, data: &[u8]) {
        let mut seen = self.0.borrow_mut();
        assert!(!data.is_empty() && !seen.ended && seen.lost == 0);
        seen.received.extend_from_slice(data);
    }

    fn eof_received(&mut self) -> bool {
        let mut seen = self.0.borrow_mut();
        assert!(!seen.ended && seen.lost == 0);
        seen.ended = true;
        false
    }

    fn connection_lost(&mut self) {
        self.0.borrow_mut().lost += 1;
    }
}

struct Contexts {
    client: [SslContext; 2],
    server: SslContext,
}

impl Contexts {
    fn new() -> Self {
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a name");
        let client = |version| {
            let context = ssl::create_default_context().danger_accept_any_certificate().minimum_version(version);
            context.build().expect("nothing is missing")
        };
        let server = ssl::create_default_context()
            .purpose(Purpose::ClientAuth)
            .load_cert_chain_from(own.cert.pem(), own.signing_key.serialize_pem());
        let client = [client(TlsVersion::V1_3), client(TlsVersion::V1_2)];
        Self { client, server: server.build().expect("it has a certificate") }
    }
}

/// One side: it upgrades, speaks, and closes if it is to.
async fn connect(
    context: &SslContext,
    server_side: bool,
    says: Vec<u8>,
    closes: bool,
) -> (Rc<RefCell<Seen>>, Transport, MemoryPeer, asyncio::Task<()>) {
    let seen = Rc::new(RefCell::new(Seen::default()));
    let (transport, _, peer) = MemoryTransports::new().connect(Side(seen.clone())).await.expect("a loop runs");
    let event_loop = asyncio::get_running_loop().expect("a loop runs");
    let upgrade = event_loop.start_tls(&transport, context).server_side(server_side).server_hostname("localhost");
    let speaking = asyncio::create_task(async move {
        let limit = Duration::from_secs(3600);
        match asyncio::timeout(limit, upgrade.ssl_handshake_timeout(limit)).await {
            Ok(secure) => {
                secure.write(&says);
                if closes {
                    secure.close();
                }
            }
            Err(error) => assert!(matches!(error, Error::SslError(_) | Error::OsError(_)), "{error:?}"),
        }
    });
    (seen, transport, peer, speaking)
}

/// What waits for one side.
#[derive(Default)]
struct Waiting(Vec<u8>);

impl Waiting {
    fn pass(&mut self, to: &MemoryPeer, count: usize) {
        let count = count.min(self.0.len());
        let sent = to.write(&self.0[..count]);
        self.0.drain(..sent.max(if to.is_closed() { count } else { 0 }));
    }

    fn act(&mut self, to: &MemoryPeer, act: &Act) {
        match act {
            Act::Pass(count) => self.pass(to, usize::from(*count)),
            Act::Piece(count) => self.pass(to, usize::from(*count)),
            Act::Change(by) => {
                if let Some(byte) = self.0.first_mut() {
                    *byte ^= by;
                }
            }
            Act::Drop(count) => drop(self.0.drain(..usize::from(*count).min(self.0.len()))),
            Act::MakeUp(bytes) => drop(to.write(bytes)),
            Act::Record(kind, bytes) => {
                let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
                to.write(&[&[20 + kind % 5, 3, 3, length[0], length[1]], bytes.as_slice()].concat());
            }
            Act::End => to.write_eof(),
            Act::Abort => to.close(),
        }
    }
}

async fn run(contexts: &Contexts, input: Input) {
    let Input { old, says: [by_server, by_client], closes, acts } = input;
    let context = &contexts.client[usize::from(old)];
    let server = connect(&contexts.server, true, by_server.clone(), closes[0]).await;
    let client = connect(context, false, by_client.clone(), closes[1]).await;
    let (mut for_server, mut for_client) = (Waiting::default(), Waiting::default());
    let mut is_genuine = true;
    for (to_server, act) in &acts {
        until_idle().await;
        for_server.0.extend(client.2.take_received());
        for_client.0.extend(server.2.take_received());
        is_genuine &= matches!(act, Act::Pass(_) | Act::Piece(_));
        if *to_server { for_server.act(&server.2, act) } else { for_client.act(&client.2, act) }
    }
    // Then everything passes, for as long as something comes.
    for _ in 0..20 {
        until_idle().await;
        for_server.0.extend(client.2.take_received());
        for_client.0.extend(server.2.take_received());
        for_server.pass(&server.2, usize::MAX);
        for_client.pass(&client.2, usize::MAX);
    }
    until_idle().await;
    let (heard_by_server, heard_by_client) = (server.0.borrow().received.clone(), client.0.borrow().received.clone());
    assert!(by_client.starts_with(&heard_by_server) && by_server.starts_with(&heard_by_client));
    if is_genuine && !closes[0] && !closes[1] {
        assert_eq!((heard_by_server, heard_by_client), (by_client, by_server));
    }
    for (seen, transport, peer, speaking) in [server, client] {
        transport.abort();
        drop(peer);
        until_idle().await;
        assert!(speaking.done(), "whoever waits for the handshake is told of its end");
        assert_eq!(seen.borrow().lost, 1);
        assert_eq!(Rc::strong_count(&seen), 1, "nothing is left of the connection");
    }
}

thread_local! {
    static RUNNER: RefCell<(Runner, Rc<Contexts>)> = RefCell::new((Runner::new(), Rc::new(Contexts::new())));
}

fuzz_target!(|input: Input| {
    RUNNER.with(|kept| {
        let (runner, contexts) = &mut *kept.borrow_mut();
        let contexts = contexts.clone();
        runner.run(async move { run(&contexts, input).await }).expect("the loop runs");
    });
});
