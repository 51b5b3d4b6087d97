//! What is read out of requests, ranges, dates and names.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use crate::date::format;
use crate::kinds::kind_of;
use crate::range::{Part, part_of};
use crate::request::{BAD_REQUEST, NOT_ALLOWED, OTHER_VERSION, Request};

#[test]
fn a_request_says_what_it_wants() {
    let head = b"GET /a%20b?q=1 HTTP/1.1\r\nhost: x\r\nRange:  bytes=1-2 \r\nIf-None-Match: \"a\"\r\nX-Other: \t";
    let request = Request::parse(head).unwrap();
    assert_eq!(request.path, "/a%20b");
    assert!(request.keep_alive && !request.is_head);
    assert_eq!((request.range, request.if_none_match), (Some("bytes=1-2"), Some("\"a\"")));
    let request = Request::parse(b"\r\nHEAD http://x:80/p HTTP/1.0").unwrap();
    assert!(request.is_head && !request.keep_alive);
    assert_eq!(request.path, "/p");
}

#[test]
fn connections_stay_or_end_as_they_are_asked_to() {
    for (version, header, stays) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: x, Close\r\n", false),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
    ] {
        let head = format!("GET / HTTP/{version}\r\n{header}Host: x");
        assert_eq!(Request::parse(head.as_bytes()).unwrap().keep_alive, stays, "{head}");
    }
}

#[test]
fn what_is_wrong_with_a_request_is_said() {
    for (head, fault) in [
        ("", BAD_REQUEST),
        ("GET", BAD_REQUEST),
        ("GET / HTTP/1.1", BAD_REQUEST),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b", BAD_REQUEST),
        ("GET /a b HTTP/1.1\r\nHost: a", BAD_REQUEST),
        ("GET a HTTP/1.1\r\nHost: a", BAD_REQUEST),
        ("GET / nonsense\r\nHost: a", BAD_REQUEST),
        ("GET / HTTP/2.0\r\nHost: a", OTHER_VERSION),
        ("GET / HTTP/1.1\r\nHost: a\r\nno header", BAD_REQUEST),
        ("GET / HTTP/1.1\r\nHost: a\r\nName : x", BAD_REQUEST),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded", BAD_REQUEST),
        ("GET / HTTP/1.1\r\nHost: a\nX: b", BAD_REQUEST),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5", BAD_REQUEST),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked", BAD_REQUEST),
        ("POST / HTTP/1.1\r\nHost: a", NOT_ALLOWED),
        ("get / HTTP/1.1\r\nHost: a", NOT_ALLOWED),
    ] {
        assert_eq!(Request::parse(head.as_bytes()), Err(fault), "{head}");
    }
    assert_eq!(Request::parse(b"GET /\xff HTTP/1.1\r\nHost: a"), Err(BAD_REQUEST));
}

#[test]
fn a_range_is_a_part_of_the_file_or_nothing_of_it() {
    for (wish, part) in [
        ("bytes=0-0", Part::Bytes(0..1)),
        ("bytes=2-5", Part::Bytes(2..6)),
        ("bytes=2-", Part::Bytes(2..10)),
        ("bytes=2-99", Part::Bytes(2..10)),
        ("bytes=-3", Part::Bytes(7..10)),
        ("bytes=-99", Part::Bytes(0..10)),
        ("bytes=0-99999999999999999999999", Part::Bytes(0..10)),
        ("bytes=10-", Part::Nothing),
        ("bytes=99-100", Part::Nothing),
        ("bytes=-0", Part::Nothing),
        ("bytes=5-2", Part::Whole),
        ("bytes=-", Part::Whole),
        ("bytes=+1-2", Part::Whole),
        ("bytes=0-1,3-4", Part::Whole),
        ("lines=0-1", Part::Whole),
        ("bytes", Part::Whole),
    ] {
        assert_eq!(part_of(wish, 10), part, "{wish}");
    }
    assert_eq!(part_of("bytes=0-", 0), Part::Nothing);
}

#[test]
fn dates_are_written_as_http_has_them() {
    for (seconds, text) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ] {
        assert_eq!(format(UNIX_EPOCH + Duration::from_secs(seconds)), text);
    }
}

#[test]
fn endings_say_the_kind() {
    for (name, kind) in [
        ("a.html", "text/html; charset=utf-8"),
        ("a.b.PNG", "image/png"),
        ("a", "application/octet-stream"),
        ("a.unknown", "application/octet-stream"),
    ] {
        assert_eq!(kind_of(Path::new(name)), kind, "{name}");
    }
}

proptest! {
    #[test]
    fn nothing_that_comes_in_is_more_than_an_error(head in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(request) = Request::parse(&head) {
            prop_assert!(request.path.starts_with('/'));
        }
    }

    #[test]
    fn a_part_lies_in_its_file(wish in "bytes=[0-9]{0,20}-[0-9]{0,20}", length in any::<u64>()) {
        if let Part::Bytes(bytes) = part_of(&wish, length) {
            prop_assert!(bytes.start < bytes.end && bytes.end <= length);
        }
    }
}
