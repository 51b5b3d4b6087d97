//! A connection that begins in the clear and goes on in TLS, as mail servers do it: as much of SMTP as that takes.
//!
//! `starttls HOST:PORT CERTFILE KEYFILE`, until Ctrl-C. Talk to it with `openssl s_client -starttls smtp`.

use asyncio::ssl::{self, Purpose, SslContext};
use asyncio::{Error, Result, Transport};

/// Longer lines are nobody's command.
const LONGEST: usize = 512;

pub struct Mail {
    pub context: SslContext,
    pub received: Vec<u8>,
    pub secure: bool,
}

#[asyncio::protocol]
impl Mail {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(b"220 starttls.example ESMTP\r\n");
    }

    // Called in the clear first, and from the upgrade on with what came by way of TLS.
    fn data_received(&mut self, transport: &Transport, data: &[u8]) -> Result<()> {
        self.received.extend_from_slice(data);
        while let Some(end) = self.received.iter().position(|byte| *byte == b'\n').filter(|end| *end <= LONGEST) {
            let line: Vec<u8> = self.received.drain(..=end).collect();
            self.command(transport, line.trim_ascii())?;
        }
        if self.received.len() > LONGEST {
            transport.write(b"500 the line is too long\r\n");
            transport.close();
        }
        Ok(())
    }
}

impl Mail {
    fn command(&mut self, transport: &Transport, line: &[u8]) -> Result<()> {
        match line.to_ascii_uppercase().as_slice() {
            command if command.starts_with(b"EHLO") && !self.secure => {
                transport.write(b"250-starttls.example\r\n250 STARTTLS\r\n");
            }
            command if command.starts_with(b"EHLO") => transport.write(b"250 starttls.example\r\n"),
            b"STARTTLS" if self.secure => transport.write(b"503 this is TLS already\r\n"),
            b"STARTTLS" => self.upgrade(transport)?,
            b"QUIT" => {
                transport.write(b"221 good bye\r\n");
                transport.close();
            }
            _ => transport.write(b"502 that is not spoken here\r\n"),
        }
        Ok(())
    }

    fn upgrade(&mut self, transport: &Transport) -> Result<()> {
        // What stands behind the command was sent in the clear, by whomever. It must not pass for something secret.
        if !self.received.is_empty() {
            transport.write(b"501 nothing may follow STARTTLS\r\n");
            transport.close();
            return Ok(());
        }
        // From this call on nothing is read: what comes next belongs to the handshake.
        let upgrade = asyncio::get_running_loop()?.start_tls(transport, &self.context).server_side(true);
        transport.write(b"220 go ahead\r\n");
        self.secure = true;
        drop(asyncio::create_task(async move {
            if let Err(error) = upgrade.await {
                eprintln!("no upgrade: {error}");
            }
        }));
        Ok(())
    }
}

#[asyncio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, certfile, keyfile] = arguments.as_slice() else {
        return Err(Error::value_error("usage: starttls HOST:PORT CERTFILE KEYFILE"));
    };
    let parts = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| Error::value_error(format!("{address:?} is not HOST:PORT")))?;
    let context =
        ssl::create_default_context().purpose(Purpose::ClientAuth).load_cert_chain(certfile, keyfile).build()?;
    let event_loop = asyncio::get_running_loop()?;
    let mail = move || Mail { context: context.clone(), received: Vec::new(), secure: false };
    let server = event_loop.create_server(mail, host, port).await?;
    if let Some(socket) = server.sockets().first() {
        println!("listening on {}", socket.local_addr()?);
    }
    // Ctrl-C cancels main, which closes the server and its connections.
    asyncio::catch_cancelled(server.serve_forever()).await.unwrap_or(Ok(()))
}
