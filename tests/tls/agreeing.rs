//! What the two sides agree on: data in both directions, versions, application protocols, names, sessions.

use std::sync::{Arc, Mutex};

use asyncio::ssl::{Purpose, SslObject, TlsVersion, VerifyMode};
use asyncio::{ExtraInfo, Transport, ssl};

use super::certificates::{Authority, pair, trusting};
use super::peers::{client, echo_server, listener};
use crate::support::journal::Journal;
use crate::support::net::{address, off_loop, running};
use crate::support::script::Script;

pub(crate) fn ssl_object(transport: &Transport) -> SslObject {
    match transport.get_extra_info("ssl_object") {
        Some(ExtraInfo::SslObject(object)) => object,
        other => panic!("{other:?} instead of an ssl_object"),
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_client_and_a_server_talk_and_both_hear_a_clean_end() {
    // CPython: test_events.EventLoopTestsMixin.test_create_ssl_connection, test_create_server_ssl,
    // test_create_server_ssl_verified
    let (client_context, server_context) = pair();
    let (journal, server_journal) = (Journal::default(), Journal::default());
    let server = echo_server(&server_journal, &server_context).await;
    let (transport, _) = client(Script::new(&journal), &server, &client_context).await.unwrap();
    assert_eq!(journal.entries(), ["made"], "connection_made comes before the await returns");
    transport.write(b"hello");
    journal.wait_for("data hello").await;
    transport.close();
    assert!(transport.is_closing());
    journal.wait_for("lost").await;
    server_journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "data hello", "lost"]);
    assert_eq!(server_journal.entries(), ["made", "data hello", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn what_is_known_of_a_connection_is_found_under_pythons_names() {
    // CPython: test_sslproto.SslProtoHandshakeTests.test_get_extra_info_on_closed_connection
    let (client_context, server_context) = pair();
    let journal = Journal::default();
    let server = echo_server(&journal, &server_context).await;
    let (transport, _) = client(Script::new(&journal), &server, &client_context).await.unwrap();
    let object = ssl_object(&transport);
    assert_eq!(object.version(), Some(TlsVersion::V1_3));
    assert_eq!((object.server_hostname(), object.server_side()), (Some("127.0.0.1"), false));
    assert_eq!((object.selected_alpn_protocol(), object.compression(), object.session_reused()), (None, None, false));
    assert_eq!(object.peer_chain().len(), 1);
    assert_eq!(object.getpeercert(), object.peer_chain().first().map(Vec::as_slice));
    let Some(ExtraInfo::Cipher(cipher)) = transport.get_extra_info("cipher") else { panic!("there is a cipher") };
    assert!(cipher.name.starts_with("TLS_") && cipher.bits >= 128 && cipher.protocol == TlsVersion::V1_3, "{cipher:?}");
    let Some(ExtraInfo::PeerCert(chain)) = transport.get_extra_info("peercert") else { panic!("there is a peercert") };
    assert_eq!(chain, object.peer_chain());
    assert!(
        matches!(transport.get_extra_info("sslcontext"), Some(ExtraInfo::SslContext(context)) if !context.is_server())
    );
    assert!(transport.get_extra_info("compression").is_none() && transport.get_extra_info("alpn").is_none());
    assert_eq!(transport.peername(), Some(address(&server)));
    assert!(transport.socket().is_some() && transport.sockname().is_some());
    assert!(!transport.can_write_eof());
    transport.abort();
    journal.wait_for("lost").await;
    assert_eq!(transport.peername(), Some(address(&server)));
    assert_eq!(ssl_object(&transport).version(), Some(TlsVersion::V1_3));
}

#[asyncio::test(timeout = "10s")]
async fn the_application_protocol_is_the_servers_dearest_that_the_client_speaks() {
    let authority = Authority::new("tests");
    let identity = authority.issue(&["127.0.0.1"]);
    let server_context = identity.server().set_alpn_protocols(["h2", "http/1.1"]).build().unwrap();
    let journal = Journal::default();
    let server = echo_server(&journal, &server_context).await;
    let context = trusting(&authority).set_alpn_protocols(["http/1.1", "h2"]).build().unwrap();
    let (transport, _) = client(Script::new(&journal), &server, &context).await.unwrap();
    assert_eq!(ssl_object(&transport).selected_alpn_protocol(), Some(&b"h2"[..]));
    assert!(matches!(transport.get_extra_info("alpn"), Some(ExtraInfo::Alpn(alpn)) if alpn == b"h2"));
    let none = trusting(&authority).build().unwrap();
    let (transport, _) = client(Script::new(&journal), &server, &none).await.unwrap();
    assert_eq!(ssl_object(&transport).selected_alpn_protocol(), None);
}

#[asyncio::test(timeout = "10s")]
async fn a_client_is_shown_the_certificate_of_the_name_it_asks_for() {
    let authority = Authority::new("tests");
    let context = ssl::create_default_context().purpose(Purpose::ClientAuth);
    let context = ["a.test", "b.test"]
        .map(|name| authority.issue(&[name]))
        .iter()
        .fold(context, |context, identity| context.load_cert_chain_from(&identity.chain, &identity.key));
    let journal = Journal::default();
    let server = echo_server(&journal, &context.build().unwrap()).await;
    let context = trusting(&authority).build().unwrap();
    for (name, accepted) in [("a.test", true), ("b.test", true), ("c.test", false)] {
        let script = Script::new(&journal);
        let connecting = running().create_connection(move || script, "127.0.0.1", address(&server).port());
        let outcome = connecting.ssl(&context).server_hostname(name).await;
        assert_eq!(outcome.is_ok(), accepted, "{name}: {outcome:?}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_second_connection_resumes_the_session_unless_that_is_turned_off() {
    for (enabled, minimum) in [(true, TlsVersion::V1_3), (false, TlsVersion::V1_3), (true, TlsVersion::V1_2)] {
        let authority = Authority::new("tests");
        let identity = authority.issue(&["127.0.0.1"]);
        let journal = Journal::default();
        let server_context = identity.server().session_resumption(enabled).minimum_version(minimum).build().unwrap();
        let server = echo_server(&journal, &server_context).await;
        let context = trusting(&authority).build().unwrap();
        for again in [false, true] {
            let journal = Journal::default();
            let (transport, _) = client(Script::new(&journal), &server, &context).await.unwrap();
            // The ticket comes before what the server says.
            transport.write(b"x");
            journal.wait_for("data x").await;
            assert_eq!(ssl_object(&transport).session_reused(), again && enabled);
            transport.close();
            journal.wait_for("lost").await;
        }
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_server_sees_the_certificate_of_its_client() {
    let authority = Authority::new("tests");
    let server_identity = authority.issue(&["127.0.0.1"]);
    for mode in [VerifyMode::Optional, VerifyMode::Required] {
        let context = server_identity.server().cadata(&authority.pem).verify_mode(mode).build().unwrap();
        let server_journal = Journal::default();
        let noted = server_journal.clone();
        let greet = move || {
            Script::new(&noted).on_made(|transport| {
                transport.write(&[u8::try_from(ssl_object(transport).peer_chain().len()).unwrap()]);
                Ok(())
            })
        };
        let server = running().create_server(greet, "127.0.0.1", 0).ssl(&context).await.unwrap();
        let own = authority.issue(&["client.test"]);
        let with = trusting(&authority).load_cert_chain_from(&own.chain, &own.key).build().unwrap();
        let journal = Journal::default();
        let _client = client(Script::new(&journal), &server, &with).await.unwrap();
        journal.wait_for("data \u{1}").await;
        if mode == VerifyMode::Optional {
            let journal = Journal::default();
            let without = trusting(&authority).build().unwrap();
            let _client = client(Script::new(&journal), &server, &without).await.unwrap();
            journal.wait_for("data \u{0}").await;
        }
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_dangerous_choice_accepts_what_would_be_refused() {
    let (journal, authority) = (Journal::default(), Authority::new("tests"));
    let server = echo_server(&journal, &authority.issue(&["elsewhere.test"]).server().build().unwrap()).await;
    let any_name = trusting(&authority).danger_accept_any_hostname().build().unwrap();
    assert!(client(Script::new(&journal), &server, &any_name).await.is_ok());
    let anybody = ssl::create_default_context().danger_accept_any_certificate().build().unwrap();
    assert!(client(Script::new(&journal), &server, &anybody).await.is_ok());
    let stranger = Authority::new("strangers");
    let any_name = trusting(&stranger).danger_accept_any_hostname().build().unwrap();
    assert!(client(Script::new(&journal), &server, &any_name).await.is_err(), "the authority still counts");
}

#[asyncio::test(timeout = "10s")]
async fn a_connection_that_was_accepted_elsewhere_speaks_tls() {
    // CPython: test_ssl.TestSSL.test_ssl_connect_accepted_socket, test_connect_accepted_socket;
    // test_events.EventLoopTestsMixin.test_ssl_connect_accepted_socket
    let (client_context, server_context) = pair();
    let (listener, port) = listener();
    let (journal, server_journal) = (Journal::default(), Journal::default());
    let (script, server_script) = (Script::new(&journal), Script::new(&server_journal));
    let event_loop = running();
    let connecting = event_loop.create_connection(move || script, "127.0.0.1", port).ssl(&client_context);
    let connecting = asyncio::create_task(async move { Ok::<_, asyncio::Error>(connecting.await?.0) });
    let (conn, _) =
        off_loop(move || Arc::new(Mutex::new(Some(listener.accept().unwrap())))).await.lock().unwrap().take().unwrap();
    let accepted = event_loop.connect_accepted_socket(move || server_script, conn).ssl(&server_context).await;
    let transport = connecting.await.unwrap();
    transport.write(b"hello");
    server_journal.wait_for("data hello").await;
    accepted.unwrap().0.close();
    journal.wait_for("lost").await;
    assert_eq!(journal.entries(), ["made", "eof", "lost"]);
}

#[asyncio::test(timeout = "10s")]
async fn unix_sockets_speak_tls_to_a_server_that_is_named() {
    // CPython: test_events.EventLoopTestsMixin.test_create_ssl_unix_connection, test_create_unix_server_ssl,
    // test_create_unix_server_ssl_verified
    let (client_context, server_context) = pair();
    let path = std::env::temp_dir().join(format!("asyncio-tls-{}.sock", std::process::id()));
    let (journal, server_journal) = (Journal::default(), Journal::default());
    let noted = server_journal.clone();
    let event_loop = running();
    let serving = event_loop.create_unix_server(move || Script::new(&noted), &path).ssl(&server_context);
    let server = serving.await.unwrap();
    let nameless = event_loop.create_unix_connection(|| Script::new(&Journal::default()), &path).ssl(&client_context);
    assert!(nameless.await.unwrap_err().to_string().contains("server_hostname()"));
    let script = Script::new(&journal);
    let connecting = event_loop.create_unix_connection(move || script, &path).ssl(&client_context);
    let (transport, _) = connecting.server_hostname("localhost").await.unwrap();
    assert!(transport.unix_peername().is_some() && ssl_object(&transport).version().is_some());
    transport.write(b"by a file");
    server_journal.wait_for("data by a file").await;
    transport.close();
    assert_eq!(journal.wait_for("lost").await, "lost");
    server.close();
}
