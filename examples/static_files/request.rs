//! What a request asks for, or what is wrong with it.

/// A status that is no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    pub status: &'static str,
    /// Where the next request begins is not known for sure.
    pub ends_connection: bool,
}

pub const BAD_REQUEST: Fault = Fault { status: "400 Bad Request", ends_connection: true };
pub const NOT_FOUND: Fault = Fault { status: "404 Not Found", ends_connection: false };
pub const NOT_ALLOWED: Fault = Fault { status: "405 Method Not Allowed", ends_connection: true };
pub const TOO_LARGE: Fault = Fault { status: "431 Request Header Fields Too Large", ends_connection: true };
pub const FAILED: Fault = Fault { status: "500 Internal Server Error", ends_connection: false };
pub const OTHER_VERSION: Fault = Fault { status: "505 HTTP Version Not Supported", ends_connection: true };

/// A request, as its head says it. It has no body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// With its escapes, without the query.
    pub path: &'a str,
    pub is_head: bool,
    /// The connection stays.
    pub keep_alive: bool,
    pub range: Option<&'a str>,
    pub if_range: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
    pub if_modified_since: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// Reads a head, without the empty line at its end.
    pub fn parse(head: &'a [u8]) -> Result<Self, Fault> {
        let head = std::str::from_utf8(head).map_err(|_| BAD_REQUEST)?.trim_start_matches(['\r', '\n']);
        let mut lines = Lines(Some(head));
        let (method, rest) = cut(lines.next().unwrap_or(Ok(""))?, b' ').ok_or(BAD_REQUEST)?;
        let (target, version) = cut(rest, b' ').ok_or(BAD_REQUEST)?;
        let is_newer = match version {
            "HTTP/1.1" => true,
            "HTTP/1.0" => false,
            _ if version.starts_with("HTTP/") && !version.contains(' ') => return Err(OTHER_VERSION),
            _ => return Err(BAD_REQUEST),
        };
        let is_head = method == "HEAD";
        if !is_head && method != "GET" {
            return Err(NOT_ALLOWED);
        }
        let mut request = Self { path: path_of(target)?, is_head, keep_alive: is_newer, ..Self::default() };
        let mut hosts = 0;
        for line in lines {
            hosts += usize::from(request.header(line?)?);
        }
        if hosts == 1 || hosts == 0 && !is_newer { Ok(request) } else { Err(BAD_REQUEST) }
    }

    /// Whether it is the host.
    fn header(&mut self, line: &'a str) -> Result<bool, Fault> {
        let (name, value) = cut(line, b':').ok_or(BAD_REQUEST)?;
        let value = value.trim_matches([' ', '\t']);
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match name.len() {
            _ if !name.bytes().all(is_token) || name.is_empty() || value.bytes().any(is_control) => {
                return Err(BAD_REQUEST);
            }
            4 if is("host") => return Ok(true),
            5 if is("range") => self.range = Some(value),
            8 if is("if-range") => self.if_range = Some(value),
            10 if is("connection") => self.connection(value),
            13 if is("if-none-match") => self.if_none_match = Some(value),
            17 if is("if-modified-since") => self.if_modified_since = Some(value),
            // A body would be taken for the next request.
            14 if is("content-length") && value != "0" => return Err(BAD_REQUEST),
            17 if is("transfer-encoding") => return Err(BAD_REQUEST),
            _ => {}
        }
        Ok(false)
    }

    fn connection(&mut self, value: &str) {
        for option in value.split(',').map(str::trim) {
            if option.eq_ignore_ascii_case("close") {
                self.keep_alive = false;
                return;
            }
            self.keep_alive |= option.eq_ignore_ascii_case("keep-alive");
        }
    }
}

/// What stands before and behind the first such byte, which is one of ASCII. In texts so short a plain loop is faster
/// than what `split_once` does for long ones.
fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|it| it == byte)?;
    Some((&text[..at], &text[at + 1..]))
}

/// The lines of a head.
struct Lines<'a>(Option<&'a str>);

impl<'a> Iterator for Lines<'a> {
    type Item = Result<&'a str, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.take()?;
        let Some((line, rest)) = cut(rest, b'\n') else { return Some(Ok(rest)) };
        self.0 = Some(rest);
        Some(line.strip_suffix('\r').ok_or(BAD_REQUEST))
    }
}

fn path_of(target: &str) -> Result<&str, Fault> {
    let path = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    let path = path.bytes().position(|byte| matches!(byte, b'?' | b'#')).map_or(path, |at| &path[..at]);
    if path.starts_with('/') && !path.bytes().any(is_control) { Ok(path) } else { Err(BAD_REQUEST) }
}

fn is_token(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

fn is_control(byte: u8) -> bool {
    byte < b' ' && byte != b'\t' || byte == 0x7f
}
