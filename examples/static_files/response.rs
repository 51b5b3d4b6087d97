//! What is answered: a head, and a part of a file.

use std::ops::Range;

use super::folder::Found;
use super::range::{Part, part_of};
use super::request::{Fault, NOT_ALLOWED, Request};

/// Answers with a file, or with as much of it as was asked for. Returns which bytes of it follow the head.
pub fn answer(request: &Request<'_>, found: &Found, now: &str, head: &mut Vec<u8>) -> Range<u64> {
    if is_known(request, found) {
        begin(head, "304 Not Modified", now, request.keep_alive);
        head.extend_from_slice(found.fields.as_bytes());
        head.extend_from_slice(b"\r\n");
        return 0..0;
    }
    let wish = request.range.filter(|_| request.if_range.is_none_or(|etag| etag == found.etag));
    let bytes = match wish.map_or(Part::Whole, |wish| part_of(wish, found.length)) {
        Part::Whole => {
            begin(head, "200 OK", now, request.keep_alive);
            head.extend_from_slice(found.fields.as_bytes());
            head.extend_from_slice(found.length_field.as_bytes());
            return if request.is_head { 0..0 } else { 0..found.length };
        }
        Part::Bytes(bytes) => {
            begin(head, "206 Partial Content", now, request.keep_alive);
            let (first, last, length) = (bytes.start, bytes.end - 1, found.length);
            head.extend_from_slice(format!("Content-Range: bytes {first}-{last}/{length}\r\n").as_bytes());
            bytes
        }
        Part::Nothing => {
            begin(head, "416 Range Not Satisfiable", now, request.keep_alive);
            let length = found.length;
            head.extend_from_slice(format!("Content-Range: bytes */{length}\r\nContent-Length: 0\r\n\r\n").as_bytes());
            return 0..0;
        }
    };
    head.extend_from_slice(found.fields.as_bytes());
    end(head, bytes.end - bytes.start);
    if request.is_head { 0..0 } else { bytes }
}

/// Answers with what is wrong. True: the connection is to be closed afterwards.
pub fn refuse(fault: Fault, request: Option<&Request<'_>>, now: &str, head: &mut Vec<u8>) -> bool {
    let keep_alive = !fault.ends_connection && request.is_some_and(|request| request.keep_alive);
    begin(head, fault.status, now, keep_alive);
    if fault == NOT_ALLOWED {
        head.extend_from_slice(b"Allow: GET, HEAD\r\n");
    }
    head.extend_from_slice(b"Content-Type: text/plain; charset=utf-8\r\n");
    end(head, fault.status.len() as u64 + 1);
    if request.is_none_or(|request| !request.is_head) {
        head.extend_from_slice(fault.status.as_bytes());
        head.push(b'\n');
    }
    !keep_alive
}

/// Whether the client has just this file already.
fn is_known(request: &Request<'_>, found: &Found) -> bool {
    match (request.if_none_match, request.if_modified_since) {
        (Some(known), _) => {
            known.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == found.etag || tag == "*")
        }
        (None, Some(time)) => time == found.modified,
        (None, None) => false,
    }
}

fn begin(head: &mut Vec<u8>, status: &str, now: &str, keep_alive: bool) {
    for piece in ["HTTP/1.1 ", status, "\r\nDate: ", now, "\r\n"] {
        head.extend_from_slice(piece.as_bytes());
    }
    // Said in either case, for clients of HTTP/1.0 that asked for it.
    head.extend_from_slice(if keep_alive { b"Connection: keep-alive\r\n" } else { b"Connection: close\r\n" });
}

fn end(head: &mut Vec<u8>, length: u64) {
    head.extend_from_slice(format!("Content-Length: {length}\r\n\r\n").as_bytes());
}
