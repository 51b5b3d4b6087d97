//! Whom a side refuses, and what both hear of it.

use asyncio::ssl::{SslContext, TlsVersion, VerifyMode};
use asyncio::{Error, SslError, SslReason};
use log::Level;
use rcgen::date_time_ymd;

use super::certificates::{Authority, Identity, trusting};
use super::peers::{client, echo_server};
use crate::support::journal::Journal;
use crate::support::log::{collect, collected};
use crate::support::missing::missing;
use crate::support::net::{address, client_of, send};
use crate::support::reports::Reports;
use crate::support::script::Script;

/// What a client hears that connects to a server with this certificate.
async fn refused(identity: &Identity, context: &SslContext) -> SslError {
    let journal = Journal::default();
    let server = echo_server(&Journal::default(), &identity.server().build().unwrap()).await;
    let error = client(Script::new(&journal), &server, context).await.unwrap_err();
    assert_eq!(journal.entries(), [""; 0], "a protocol hears nothing of a connection that never was");
    let Error::SslError(error) = error else { panic!("{error}") };
    assert_eq!(error.peer(), Some(address(&server).to_string().as_str()));
    (*error).clone()
}

#[asyncio::test(timeout = "20s")]
async fn a_client_says_what_is_wrong_with_a_certificate() {
    // CPython: test_events.EventLoopTestsMixin.test_create_server_ssl_verify_failed, test_create_server_ssl_match_failed;
    // test_ssl.TestSSL.test_create_connection_ssl_failed_certificate;
    // test_sslproto.SelectorStartTLSTests.test_create_connection_ssl_failed_certificate
    let authority = Authority::new("tests");
    let context = trusting(&authority).build().unwrap();
    let expired = authority.issue_with(&["127.0.0.1"], |params| params.not_after = date_time_ymd(2001, 1, 1));
    let early = authority.issue_with(&["127.0.0.1"], |params| params.not_before = date_time_ymd(2999, 1, 1));
    let cases = [
        (authority.issue(&["other.test"]), SslReason::CertificateNameMismatch),
        (expired, SslReason::CertificateExpired),
        (early, SslReason::CertificateNotYetValid),
        (Authority::new("strangers").issue(&["127.0.0.1"]), SslReason::CertificateUnknownIssuer),
        (Identity::self_signed(&["127.0.0.1"]), SslReason::CertificateUnknownIssuer),
    ];
    for (identity, reason) in cases {
        let error = refused(&identity, &context).await;
        assert_eq!(error.reason(), reason, "{error}");
        assert!(error.is_certificate_error() && error.message().contains("certificate verify failed"), "{error}");
    }
}

#[asyncio::test(timeout = "10s")]
async fn a_certificate_that_is_refused_is_told_to_the_client_and_logged_by_nobody() {
    let authority = Authority::new("tests");
    for context in [trusting(&authority), trusting(&authority).load_default_certs()] {
        collect();
        let error = refused(&Identity::self_signed(&["127.0.0.1"]), &context.build().unwrap()).await;
        assert_eq!(error.reason(), SslReason::CertificateUnknownIssuer);
        crate::support::net::settle().await;
        assert_eq!(collected(Level::Error), [""; 0]);
        let warnings = collected(Level::Warn);
        assert!(
            warnings.len() == 1 && warnings[0].starts_with("ASY0025: a TLS handshake failed"),
            "the server's: {warnings:?}"
        );
    }
}

#[asyncio::test(timeout = "10s")]
async fn sides_that_have_nothing_in_common_say_so() {
    let authority = Authority::new("tests");
    let identity = authority.issue(&["127.0.0.1"]);
    let server = echo_server(&Journal::default(), &identity.server().set_alpn_protocols(["a"]).build().unwrap()).await;
    let context = trusting(&authority).set_alpn_protocols(["b"]).build().unwrap();
    let Err(Error::SslError(error)) = client(Script::new(&Journal::default()), &server, &context).await else {
        panic!("they have no application protocol in common")
    };
    assert_eq!(error.reason(), SslReason::NoApplicationProtocol);
}

#[asyncio::test(timeout = "10s")]
async fn an_old_version_is_refused_where_a_newer_one_is_the_least() {
    use std::process::Command;
    let authority = Authority::new("tests");
    let context = authority.issue(&["127.0.0.1"]).server().minimum_version(TlsVersion::V1_3).build().unwrap();
    let server = echo_server(&Journal::default(), &context).await;
    collect();
    let target = address(&server).to_string();
    if Command::new("openssl").arg("version").output().is_err() {
        return missing(format_args!("there is no openssl in the path"));
    }
    let output = crate::support::net::off_loop(move || {
        let arguments = ["s_client", "-tls1_2", "-connect", &target];
        String::from_utf8_lossy(&Command::new("openssl").args(arguments).output().unwrap().stderr).into_owned()
    })
    .await;
    assert!(output.contains("alert"), "{output}");
    let warnings = collected(Level::Warn);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("ASY0025: a TLS handshake failed"), "{warnings:?}");
}

#[asyncio::test(timeout = "10s")]
async fn a_server_refuses_clients_without_the_certificate_that_it_wants() {
    let authority = Authority::new("tests");
    let identity = authority.issue(&["127.0.0.1"]);
    for minimum in [TlsVersion::V1_2, TlsVersion::V1_3] {
        let builder = identity.server().cadata(&authority.pem).verify_mode(VerifyMode::Required);
        let server_journal = Journal::default();
        let server = echo_server(&server_journal, &builder.minimum_version(minimum).build().unwrap()).await;
        collect();
        let stranger = Authority::new("strangers").issue(&["client.test"]);
        let with_wrong = trusting(&authority).load_cert_chain_from(&stranger.chain, &stranger.key);
        for (context, reason) in
            [(trusting(&authority), SslReason::CertificateRequired), (with_wrong, SslReason::CertificateRefused)]
        {
            let journal = Journal::default();
            // With TLS 1.3 a client has done its part before the server has an opinion.
            let outcome = client(Script::new(&journal), &server, &context.build().unwrap()).await;
            let text = match outcome {
                Err(error) => error.to_string(),
                Ok(_) => journal.wait_for("lost").await,
            };
            let word = if reason == SslReason::CertificateRequired { "CertificateRequired" } else { "CA" };
            assert!(text.contains(word), "{text}");
        }
        while collected(Level::Warn).len() < 2 {
            crate::support::net::settle().await;
        }
        assert_eq!(server_journal.entries(), [""; 0]);
        assert_eq!(collected(Level::Warn).len(), 2, "each is reported once: {:?}", collected(Level::Warn));
    }
}

#[asyncio::test(timeout = "10s")]
async fn what_is_no_tls_is_refused_and_reported_once_with_the_peer() {
    let journal = Journal::default();
    let authority = Authority::new("tests");
    let server = echo_server(&journal, &authority.issue(&["127.0.0.1"]).server().build().unwrap()).await;
    collect();
    let peer = client_of(&server);
    send(&peer, b"GET / HTTP/1.1\r\n\r\n");
    let from = peer.local_addr().unwrap();
    crate::support::net::off_loop(move || {
        let mut rest = Vec::new();
        // An alert, and then the end or a reset.
        let _ = std::io::Read::read_to_end(&mut &peer, &mut rest);
    })
    .await;
    crate::support::net::settle().await;
    let warnings = collected(Level::Warn);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains(&from.to_string()) && warnings[0].contains("speak TLS"), "{warnings:?}");
    assert_eq!(journal.entries(), [""; 0]);
}

#[asyncio::test(timeout = "10s")]
async fn a_client_that_meets_no_tls_says_so_with_the_server() {
    let context = trusting(&Authority::new("tests")).build().unwrap();
    for answer in [&b"220 mail.example.org ESMTP\r\n"[..], b"HTTP/1.1 400 Bad Request\r\n\r\n"] {
        let journal = Journal::default();
        let noted = Journal::default();
        let greet = move || {
            let mut expected = [22, 21].into_iter();
            Script::new(&noted).on_data(move |transport, data| {
                assert_eq!(data.first().copied(), expected.next(), "a greeting, and then an alert");
                transport.write(answer);
                Ok(())
            })
        };
        let server = crate::support::net::running().create_server(greet, "127.0.0.1", 0).await.unwrap();
        let Err(Error::SslError(error)) = client(Script::new(&journal), &server, &context).await else {
            panic!("that was no TLS")
        };
        assert_eq!(error.reason(), SslReason::NotTls, "{error}");
        assert_eq!(error.peer(), Some(address(&server).to_string().as_str()));
        assert_eq!(journal.entries(), [""; 0]);
    }
}

#[asyncio::test(timeout = "10s")]
async fn in_debug_mode_a_servers_failed_handshake_goes_to_the_exception_handler() {
    let authority = Authority::new("tests");
    let event_loop = asyncio::get_running_loop().unwrap();
    event_loop.set_debug(true);
    let reports = Reports::here();
    let server = echo_server(&Journal::default(), &authority.issue(&["other.test"]).server().build().unwrap()).await;
    let context = trusting(&authority).build().unwrap();
    assert!(client(Script::new(&Journal::default()), &server, &context).await.is_err());
    // The server hears of it after the client.
    while reports.all().is_empty() {
        crate::support::net::settle().await;
    }
    let report = reports.one();
    assert_eq!(report.message, "Error on transport creation for incoming connection");
    assert_eq!(report.code, Some("ASY0013"));
    let Some(Error::SslError(error)) = &report.exception else { panic!("{report:?}") };
    assert_eq!(error.reason(), SslReason::CertificateRefused, "{error}");
    assert!(report.keys.contains(&"transport") && report.keys.contains(&"protocol"), "{report:?}");
}
