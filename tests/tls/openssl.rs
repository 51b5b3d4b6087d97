//! OpenSSL's own programs as the other side, in both roles, with both versions: certificates of clients, application
//! protocols, and whom each side refuses. Without `openssl` in the path they say so and do nothing, but under CI they fail.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use asyncio::ssl::{SslContextBuilder, VerifyMode};
use asyncio::{Error, Server, SslReason, Transport};
use log::Level;
use rcgen::date_time_ymd;

use super::agreeing::ssl_object;
use super::certificates::{Authority, Identity, trusting};
use super::peers::echo_server;
use crate::support::journal::Journal;
use crate::support::log::{collect, collected};
use crate::support::missing::missing;
use crate::support::net::{address, off_loop, running};
use crate::support::script::Script;

const VERSIONS: [&str; 2] = ["-tls1_2", "-tls1_3"];

/// Certificates in files, for `openssl`; they go with this.
struct Folder(PathBuf);

impl Folder {
    /// `None`, and a word on it, if there is no `openssl`.
    fn new(name: &str) -> Option<Self> {
        if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
            missing(format_args!("there is no openssl in the path"));
            return None;
        }
        let path = std::env::temp_dir().join(format!("asyncio-openssl-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Some(Self(path))
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The arguments that name a certificate and its key.
    fn identity(&self, name: &str, identity: &Identity) -> [String; 4] {
        let chain = self.put(&format!("{name}.pem"), &identity.chain);
        let key = self.put(&format!("{name}.key"), &identity.key);
        ["-cert".to_owned(), chain, "-key".to_owned(), key]
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.path());
    }
}

/// A running `openssl`, ended with this.
struct Openssl {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Openssl {
    fn start(arguments: &[String]) -> Self {
        let mut command = Command::new("openssl");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn say(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// The rest of the first line that begins like that; empty if none does.
    fn line(&mut self, beginning: &str) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if let Some(rest) = line.strip_prefix(beginning) {
                return rest.trim_end().to_owned();
            }
            line.clear();
        }
        line
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The arguments of a client of this server that believes that authority.
fn s_client(server: &Server, version: &str, authority: &str) -> Vec<String> {
    let connect = address(server).to_string();
    let fixed = ["s_client", "-connect", &connect, version, "-CAfile", authority, "-verify_return_error", "-quiet"];
    fixed.iter().chain(&["-no_ign_eof", "-verify_hostname", "localhost"]).map(ToString::to_string).collect()
}

/// A server of the loop's that says what it knows of its client.
async fn greeting_server(context: &SslContextBuilder) -> Server {
    let context = context.build().unwrap();
    let greet = || {
        let script = Script::new(&Journal::default()).on_made(|transport| {
            let facts = ssl_object(transport);
            let alpn = String::from_utf8_lossy(facts.selected_alpn_protocol().unwrap_or_default()).into_owned();
            let shown = if facts.peer_chain().is_empty() { "nothing" } else { "a certificate" };
            transport.write(format!("{} {alpn} {shown}\n", facts.version().unwrap()).as_bytes());
            Ok(())
        });
        script.on_data(|transport, data| {
            transport.write(data);
            Ok(())
        })
    };
    running().create_server(greet, "127.0.0.1", 0).ssl(&context).await.unwrap()
}

#[asyncio::test(timeout = "30s")]
async fn openssls_client_shows_its_certificate_and_speaks_the_application_protocol() {
    let Some(folder) = Folder::new("client") else { return };
    let authority = Authority::new("tests");
    let trusted = folder.put("ca.pem", &authority.pem);
    let context = authority.issue(&["localhost"]).server().cadata(&authority.pem).verify_mode(VerifyMode::Required);
    let server = greeting_server(&context.set_alpn_protocols(["h2", "http/1.1"])).await;
    let own = folder.identity("own", &authority.issue(&["client.test"]));
    for (version, name) in VERSIONS.into_iter().zip(["TLSv1.2", "TLSv1.3"]) {
        let mut arguments = s_client(&server, version, &trusted);
        arguments.extend(own.iter().cloned().chain(["-alpn".to_owned(), "http/1.1".to_owned()]));
        let heard = off_loop(move || {
            let mut client = Openssl::start(&arguments);
            let greeting = client.line("TLS");
            client.say("hello\n");
            (greeting, client.line("hel"))
        });
        let (greeting, echo) = heard.await;
        assert_eq!((format!("TLS{greeting}"), echo.as_str()), (format!("{name} http/1.1 a certificate"), "lo"));
    }
    collect();
    for version in VERSIONS {
        let arguments = s_client(&server, version, &trusted);
        assert_eq!(off_loop(move || Openssl::start(&arguments).line("TLS")).await, "", "it shows no certificate");
    }
    let warnings = collected(Level::Warn);
    assert_eq!(warnings.iter().filter(|text| text.contains("no certificate")).count(), 2, "{warnings:?}");
}

#[asyncio::test(timeout = "30s")]
async fn openssls_client_refuses_a_server_and_the_server_reports_it_once() {
    let Some(folder) = Folder::new("refusing") else { return };
    let authority = Authority::new("tests");
    let trusted = folder.put("ca.pem", &authority.pem);
    let expired = authority.issue_with(&["localhost"], |params| params.not_after = date_time_ymd(2001, 1, 1));
    let wrong = authority.issue(&["elsewhere.test"]);
    let strange = Authority::new("strangers").issue(&["localhost"]);
    for identity in [expired, wrong, strange, Identity::self_signed(&["localhost"])] {
        let journal = Journal::default();
        let server = echo_server(&journal, &identity.server().build().unwrap()).await;
        for version in VERSIONS {
            collect();
            let arguments = s_client(&server, version, &trusted);
            let code = off_loop(move || {
                let mut client = Openssl::start(&arguments);
                client.line("nothing is said");
                client.child.wait().unwrap().code()
            });
            assert_ne!(code.await, Some(0));
            crate::support::net::settle().await;
            let warnings = collected(Level::Warn);
            assert!(warnings.len() == 1 && warnings[0].contains("127.0.0.1:"), "{warnings:?}");
        }
        assert_eq!(journal.entries(), [""; 0]);
    }
}

/// A server that sends lines back in reverse, and where it listens.
async fn s_server(
    version: &str,
    identity: [String; 4],
    more: &[&str],
) -> (std::sync::Arc<std::sync::Mutex<Openssl>>, u16) {
    let fixed = ["s_server", "-accept", "127.0.0.1:0", version, "-rev"];
    let arguments = fixed.iter().chain(more).map(ToString::to_string).chain(identity).collect::<Vec<_>>();
    off_loop(move || {
        let mut server = Openssl::start(&arguments);
        let port = server.line("ACCEPT 127.0.0.1:").parse().unwrap();
        (std::sync::Arc::new(std::sync::Mutex::new(server)), port)
    })
    .await
}

/// Connects with this context.
async fn connect(journal: &Journal, port: u16, context: &SslContextBuilder) -> asyncio::Result<Transport> {
    let (script, context) = (Script::new(journal), context.build().unwrap());
    let connecting = running().create_connection(move || script, "127.0.0.1", port).ssl(&context);
    Ok(connecting.server_hostname("localhost").await?.0)
}

#[asyncio::test(timeout = "30s")]
async fn openssls_server_is_shown_a_certificate_and_chooses_the_application_protocol() {
    let Some(folder) = Folder::new("server") else { return };
    let authority = Authority::new("tests");
    let trusted = folder.put("ca.pem", &authority.pem);
    let identity = folder.identity("server", &authority.issue(&["localhost"]));
    let own = authority.issue(&["client.test"]);
    let more = ["-CAfile", trusted.as_str(), "-Verify", "1", "-verify_return_error", "-alpn", "h2,http/1.1"];
    for version in VERSIONS {
        let (_server, port) = s_server(version, identity.clone(), &more).await;
        let journal = Journal::default();
        let context = trusting(&authority).load_cert_chain_from(&own.chain, &own.key).set_alpn_protocols(["http/1.1"]);
        let transport = connect(&journal, port, &context).await.unwrap();
        assert_eq!(ssl_object(&transport).selected_alpn_protocol(), Some(&b"http/1.1"[..]));
        transport.write(b"stressed\n");
        journal.wait_for("data desserts").await;
        transport.close();
        journal.wait_for("lost").await;
        // With the newer version a client is done before the server has looked.
        let journal = Journal::default();
        match connect(&journal, port, &trusting(&authority)).await {
            Ok(_) => assert!(journal.wait_for("lost").await.contains("CertificateRequired")),
            Err(error) => assert!(matches!(error, Error::SslError(_)), "{error:?}"),
        }
    }
}

#[asyncio::test(timeout = "30s")]
async fn openssls_server_is_refused_for_what_is_wrong_with_its_certificate() {
    let Some(folder) = Folder::new("refused") else { return };
    let authority = Authority::new("tests");
    let expired = authority.issue_with(&["localhost"], |params| params.not_after = date_time_ymd(2001, 1, 1));
    let cases = [
        (expired, SslReason::CertificateExpired),
        (authority.issue(&["elsewhere.test"]), SslReason::CertificateNameMismatch),
        (Authority::new("strangers").issue(&["localhost"]), SslReason::CertificateUnknownIssuer),
        (Identity::self_signed(&["localhost"]), SslReason::CertificateUnknownIssuer),
    ];
    for (identity, reason) in cases {
        let arguments = folder.identity("server", &identity);
        for version in VERSIONS {
            let (_server, port) = s_server(version, arguments.clone(), &[]).await;
            let journal = Journal::default();
            let refused = connect(&journal, port, &trusting(&authority)).await;
            let Err(Error::SslError(error)) = refused else { panic!("{refused:?}") };
            assert_eq!((error.reason(), journal.entries().len()), (reason, 0), "{error}");
        }
    }
}
