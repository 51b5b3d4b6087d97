//! Whole connections: what is answered, in which order, and when they end.

use std::fs::File;
use std::net::Shutdown;

use proptest::prelude::*;

use crate::site::{Client, Site, served};

const LARGE: usize = 3 << 20;

fn large() -> Vec<u8> {
    (0..LARGE).map(|number| (number / 5) as u8).collect()
}

fn site() -> Site {
    Site::new(&[("hello.txt", b"Hello, World!"), ("large.bin", &large()), ("empty.css", b"")])
}

#[test]
fn files_are_answered_on_one_connection() {
    served(&site(), |address| {
        let mut client = Client::new(address);
        for _ in 0..2 {
            let answer = client.get("/hello.txt", "");
            assert_eq!((&*answer.status, &answer.body[..]), ("200 OK", &b"Hello, World!"[..]));
            assert_eq!(answer.header("Content-Type"), Some("text/plain; charset=utf-8"));
            assert_eq!(answer.header("Accept-Ranges"), Some("bytes"));
            assert!(answer.header("Date").unwrap().ends_with(" GMT"));
            let answer = client.get("/large.bin", "");
            assert_eq!(answer.header("Content-Type"), Some("application/octet-stream"));
            assert!(answer.body == large());
            let answer = client.get("/empty.css", "");
            assert_eq!((&*answer.status, answer.header("Content-Length")), ("200 OK", Some("0")));
        }
        client.send("HEAD /large.bin HTTP/1.1\r\nHost: x\r\n\r\nHEAD /missing HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(client.head().header("Content-Length"), Some("3145728"));
        assert_eq!(client.head().status, "404 Not Found");
        let answer = client.get("/hello.txt", "Connection: close\r\n");
        assert_eq!(answer.header("Connection"), Some("close"));
        assert_eq!(client.rest(), b"");
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn a_pipeline_is_answered_in_order_however_it_is_cut(lengths in proptest::collection::vec(1..60_usize, 1..8)) {
        let requests: String = ["hello.txt", "large.bin", "missing", "empty.css", "hello.txt"]
            .map(|name| format!("GET /{name} HTTP/1.1\r\nHost: x\r\n\r\n"))
            .concat();
        served(&site(), move |address| {
            for lengths in [&lengths[..], &[requests.len()]] {
                let mut client = Client::new(address);
                let receiving = client.requests_in_pieces(&requests, lengths);
                let bodies: Vec<Vec<u8>> = (0..5).map(|_| client.answer().body).collect();
                receiving.join().unwrap();
                let wanted = [&b"Hello, World!"[..], &large(), b"404 Not Found\n", b"", b"Hello, World!"];
                assert!(bodies == wanted, "in pieces of {lengths:?}");
            }
        });
    }
}

#[test]
fn parts_are_answered_as_parts() {
    served(&site(), |address| {
        let mut client = Client::new(address);
        for (path, wish, range, body) in [
            ("/hello.txt", "bytes=7-11", "bytes 7-11/13", &b"World"[..]),
            ("/hello.txt", "bytes=-1", "bytes 12-12/13", b"!"),
            ("/large.bin", "bytes=1000000-", "bytes 1000000-3145727/3145728", &large()[1_000_000..]),
            ("/large.bin", "bytes=5-2000005", "bytes 5-2000005/3145728", &large()[5..=2_000_005]),
        ] {
            let answer = client.get(path, &format!("Range: {wish}\r\n"));
            assert_eq!((&*answer.status, answer.header("Content-Range")), ("206 Partial Content", Some(range)));
            assert!(answer.body == body, "{wish}");
        }
        let answer = client.get("/hello.txt", "Range: bytes=13-\r\n");
        assert_eq!(
            (&*answer.status, answer.header("Content-Range")),
            ("416 Range Not Satisfiable", Some("bytes */13"))
        );
        assert_eq!(client.get("/hello.txt", "Range: bytes=0-1,3-4\r\n").status, "200 OK");
        let etag = client.get("/hello.txt", "").header("ETag").unwrap().to_owned();
        let answer = client.get("/hello.txt", &format!("Range: bytes=0-0\r\nIf-Range: {etag}\r\n"));
        assert_eq!(answer.body, b"H");
        let answer = client.get("/hello.txt", "Range: bytes=0-0\r\nIf-Range: \"another\"\r\n");
        assert_eq!((&*answer.status, answer.body.len()), ("200 OK", 13));
    });
}

#[test]
fn what_a_client_has_already_is_not_sent_again() {
    served(&site(), |address| {
        let mut client = Client::new(address);
        let answer = client.get("/large.bin", "");
        let (etag, modified) = (answer.header("ETag").unwrap(), answer.header("Last-Modified").unwrap());
        for header in [
            format!("If-None-Match: {etag}"),
            format!("If-None-Match: \"x\", W/{etag}"),
            "If-None-Match: *".to_owned(),
            format!("If-Modified-Since: {modified}"),
        ] {
            client.send(format!("GET /large.bin HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n"));
            let answer = client.head();
            assert_eq!((&*answer.status, answer.header("ETag")), ("304 Not Modified", Some(etag)), "{header}");
        }
        let answer = client.get("/hello.txt", &format!("If-None-Match: {etag}\r\nIf-Modified-Since: {modified}\r\n"));
        assert_eq!(answer.status, "200 OK");
    });
}

#[test]
fn what_is_wrong_is_answered_and_ends_the_connection_where_it_must() {
    served(&site(), |address| {
        for (request, status, ends) in [
            ("GET /missing HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found", false),
            ("GET /../hello.txt HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found", false),
            ("nonsense\r\n\r\n", "400 Bad Request", true),
            ("GET /hello.txt HTTP/1.1\r\n\r\n", "400 Bad Request", true),
            ("PUT /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nnew", "405 Method Not Allowed", true),
            ("GET /hello.txt HTTP/3.0\r\nHost: x\r\n\r\n", "505 HTTP Version Not Supported", true),
        ] {
            let mut client = Client::new(address);
            client.send(request);
            let answer = client.answer();
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("Connection"), Some(if ends { "close" } else { "keep-alive" }), "{status}");
            if ends {
                assert_eq!(client.rest(), b"")
            } else {
                assert_eq!(client.get("/hello.txt", "").status, "200 OK")
            }
        }
        let mut client = Client::new(address);
        client.send(format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(8 << 10)));
        assert_eq!(client.answer().status, "431 Request Header Fields Too Large");
    });
}

#[test]
fn a_client_that_says_that_it_is_done_gets_its_answers() {
    served(&site(), |address| {
        let mut client = Client::new(address);
        client.send("GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\nGET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n");
        client.shutdown(Shutdown::Write);
        assert!(client.answer().body == large());
        assert_eq!(client.answer().body, b"Hello, World!");
        assert_eq!(client.rest(), b"");
    });
}

#[test]
fn a_client_that_does_not_read_stops_being_read() {
    served(&site(), |address| {
        let mut client = Client::new(address);
        // Answers of 2 MB for 40 KB of requests: more than a connection without a reader holds, if they were all made.
        let requests = "GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\n".repeat(20_000);
        let sending = client.requests_in_pieces(&requests, &[requests.len()]);
        std::thread::sleep(std::time::Duration::from_millis(300));
        for _ in 0..20_000 {
            assert_eq!(client.answer().body, b"Hello, World!");
        }
        sending.join().unwrap();
    });
}

#[test]
fn a_file_that_becomes_shorter_ends_the_connection() {
    let site = site();
    let path = site.path().join("large.bin");
    served(&site, move |address| {
        let mut client = Client::new(address);
        client.send("GET /hello.txt HTTP/1.1\r\nHost: x\r\n\r\nHEAD /large.bin HTTP/1.1\r\nHost: x\r\n\r\n");
        client.answer();
        client.head();
        File::options().write(true).open(path).unwrap().set_len(1000).unwrap();
        client.send("GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(client.head().header("Content-Length"), Some("3145728"));
        assert!(client.rest_or_reset() <= 1000);
    });
}
