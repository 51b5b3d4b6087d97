//! The two messages of the name service, RFC 1035: a question for the addresses of a name, and its answer.

use std::io::{Error, ErrorKind, Result};
use std::net::{IpAddr, Ipv4Addr};

/// Asks for addresses (type A) in the Internet (class IN).
const A_IN: [u8; 4] = [0, 1, 0, 1];

/// The question for the IPv4 addresses of a name.
pub(crate) fn question(number: u16, name: &str) -> Result<Vec<u8>> {
    let mut message = number.to_be_bytes().to_vec();
    // Recursion is desired; one question, and nothing else.
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..64).contains(length));
        message.push(length.ok_or_else(|| Error::new(ErrorKind::InvalidInput, format!("{name:?} is not a name")))?);
        message.extend(label.as_bytes());
    }
    message.push(0);
    message.extend(A_IN);
    Ok(message)
}

/// Whether it is the answer to the question of this number.
pub(crate) fn answers(message: &[u8], number: u16) -> bool {
    message.starts_with(&number.to_be_bytes()) && message.get(2).is_some_and(|flags| flags & 0x80 != 0)
}

/// The addresses in an answer.
pub(crate) fn addresses(message: &[u8]) -> Result<Vec<IpAddr>> {
    match message.get(3).map(|flags| flags & 0xf) {
        Some(0) => {}
        Some(3) => return Err(Error::new(ErrorKind::NotFound, "there is no such name")),
        code => return Err(Error::other(format!("the name server refuses: {code:?}"))),
    }
    read(message).ok_or_else(|| Error::new(ErrorKind::InvalidData, "the answer is cut off"))
}

fn read(message: &[u8]) -> Option<Vec<IpAddr>> {
    let number = |at: usize| Some(usize::from(u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?)));
    let (questions, answers) = (number(4)?, number(6)?);
    let mut at = 12;
    for _ in 0..questions {
        at = after_name(message, at)? + 4;
    }
    let mut addresses = Vec::new();
    for _ in 0..answers {
        at = after_name(message, at)?;
        let (kind, length) = (message.get(at..at + 4)?, number(at + 8)?);
        let data = message.get(at + 10..at + 10 + length)?;
        if let (true, Ok(octets)) = (kind == A_IN, <[u8; 4]>::try_from(data)) {
            addresses.push(Ipv4Addr::from(octets).into());
        }
        at += 10 + length;
    }
    Some(addresses)
}

/// Where a name ends: at an empty label, or at a reference to an earlier place.
fn after_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match message.get(at)? {
            0 => return Some(at + 1),
            192.. => return Some(at + 2),
            length => at += 1 + usize::from(*length),
        }
    }
}
