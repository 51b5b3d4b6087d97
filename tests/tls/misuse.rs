//! Arguments that make no sense are refused, and the text says what to write instead.

use std::time::Duration;

use asyncio::{Error, SslReason, ssl};

use super::certificates::{Authority, pair, trusting};
use super::peers::{client, echo_server};
use crate::support::journal::Journal;
use crate::support::net::running;
use crate::support::script::Script;

fn script() -> Script {
    Script::new(&Journal::default())
}

/// The text of a `ValueError`.
fn value_error<T: std::fmt::Debug>(outcome: asyncio::Result<T>) -> String {
    match outcome {
        Err(Error::ValueError(text)) => text.to_string(),
        other => panic!("{other:?} instead of a ValueError"),
    }
}

#[asyncio::test]
async fn options_of_tls_without_tls_are_refused() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_connection_no_ssl_server_hostname_errors,
    // test_create_connection_ssl_timeout_for_plain_socket, test_create_server_ssl_timeout_for_plain_socket;
    // test_events.EventLoopTestsMixin.test_connect_accepted_socket_ssl_timeout_for_plain_socket
    let event_loop = running();
    let second = Duration::from_secs(1);
    let connecting = || event_loop.create_connection(script, "127.0.0.1", 1);
    let text = value_error(connecting().server_hostname("a.test").await);
    assert!(text.contains("server_hostname() is only meaningful with ssl()"), "{text}");
    let text = value_error(connecting().ssl_handshake_timeout(second).await);
    assert!(text.contains("ssl_handshake_timeout()"), "{text}");
    let text = value_error(connecting().ssl_shutdown_timeout(second).await);
    assert!(text.contains("ssl_shutdown_timeout()"), "{text}");
    let text = value_error(event_loop.create_server(script, "127.0.0.1", 0).ssl_handshake_timeout(second).await);
    assert!(text.contains("create_server: ssl_handshake_timeout()"), "{text}");
    let (sock, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let text = value_error(event_loop.connect_accepted_socket(script, sock).ssl_shutdown_timeout(second).await);
    assert!(text.contains("connect_accepted_socket: ssl_shutdown_timeout()"), "{text}");
}

#[asyncio::test]
async fn an_empty_name_does_not_turn_the_check_off() {
    // CPython: test_base_events.BaseEventLoopWithSelectorTests.test_create_connection_ssl_server_hostname_errors
    let (context, _) = pair();
    for name in ["", "not a name"] {
        let connecting = running().create_connection(script, "127.0.0.1", 1).ssl(&context).server_hostname(name);
        let error = connecting.await.unwrap_err();
        assert!(error.to_string().contains("server_hostname") || error.io_kind().is_some(), "{error}");
    }
    let (sock, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
    let text = value_error(running().create_connection_with_sock(script, sock).ssl(&context).await);
    assert!(text.contains("without a host"), "{text}");
}

#[asyncio::test]
async fn a_context_for_the_other_side_is_refused() {
    let (client_context, server_context) = pair();
    let event_loop = running();
    let text = value_error(event_loop.create_connection(script, "127.0.0.1", 1).ssl(&server_context).await);
    assert!(text.contains("this context is for servers"), "{text}");
    let text = value_error(event_loop.create_server(script, "127.0.0.1", 0).ssl(&client_context).await);
    assert!(text.contains("this context is for clients"), "{text}");
}

#[asyncio::test]
async fn time_limits_that_have_passed_are_refused() {
    // CPython: test_sslproto.SslProtoHandshakeTests.test_handshake_timeout_zero, test_handshake_timeout_negative
    let (client_context, server_context) = pair();
    let event_loop = running();
    let connecting = event_loop.create_connection(script, "127.0.0.1", 1).ssl(&client_context);
    let text = value_error(connecting.ssl_handshake_timeout(Duration::ZERO).await);
    assert!(text.contains("ssl_handshake_timeout() must be more than zero"), "{text}");
    let serving = event_loop.create_server(script, "127.0.0.1", 0).ssl(&server_context);
    let text = value_error(serving.ssl_shutdown_timeout(Duration::ZERO).await);
    assert!(text.contains("ssl_shutdown_timeout() must be more than zero"), "{text}");
}

#[asyncio::test(timeout = "10s")]
async fn a_folder_of_authorities_may_hold_other_things_too() {
    let folder = std::env::temp_dir().join(format!("asyncio-capath-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("folder")).unwrap();
    let authority = Authority::new("tests");
    std::fs::write(folder.join("0a1b2c3d.0"), &authority.pem).unwrap();
    std::fs::write(folder.join("README"), "what this folder is for").unwrap();
    std::fs::write(folder.join("broken.pem"), "-----BEGIN CERTIFICATE-----\n!\n").unwrap();
    let context = ssl::create_default_context().capath(&folder).build();
    std::fs::remove_dir_all(&folder).unwrap();
    let server = authority.issue(&["127.0.0.1"]).server().build().unwrap();
    let server = echo_server(&Journal::default(), &server).await;
    client(Script::new(&Journal::default()), &server, &context.unwrap()).await.unwrap().0.abort();
    let missing = ssl::create_default_context().capath("/nowhere/at/all").build().unwrap_err();
    assert!(missing.to_string().contains("/nowhere/at/all"), "{missing}");
}

#[test]
fn contexts_that_cannot_work_are_refused_when_they_are_built() {
    let authority = Authority::new("tests");
    let (one, other) = (authority.issue(&["a.test"]), authority.issue(&["b.test"]));
    let server = || ssl::create_default_context().purpose(ssl::Purpose::ClientAuth);
    let builders = [
        (server(), "load_cert_chain()"),
        (server().load_cert_chain_from(&one.chain, &other.key), "key"),
        (server().load_cert_chain_from("nonsense", &one.key), "nonsense"),
        (one.server().verify_mode(ssl::VerifyMode::Required), "cafile()"),
        (one.server().danger_accept_any_certificate(), "verify_mode()"),
        (trusting(&authority).verify_mode(ssl::VerifyMode::Optional), "for servers"),
        (ssl::create_default_context().cadata("-----BEGIN nothing"), "certificate"),
    ];
    for (builder, word) in builders {
        let Err(Error::SslError(error)) = builder.build() else { panic!("{builder:?} was built") };
        assert!(error.message().contains(word) || word == "nonsense" || word == "key", "{error}");
        assert!(
            matches!(error.reason(), SslReason::Configuration | SslReason::CertificateInvalid | SslReason::Other),
            "{error:?}"
        );
    }
    let missing = ssl::create_default_context().cafile("/no/such/file").build().unwrap_err();
    assert!(missing.to_string().contains("/no/such/file"), "{missing}");
}
