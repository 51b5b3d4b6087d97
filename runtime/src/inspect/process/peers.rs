//! Whom the sockets of another process are connected to.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The kernel's tables of connections, read when somebody asks for the first time.
pub(super) struct Peers {
    process: u32,
    by_inode: OnceCell<HashMap<u64, SocketAddr>>,
}

impl Peers {
    pub(super) fn of(process: u32) -> Self {
        Self { process, by_inode: OnceCell::new() }
    }

    /// The Internet address that a descriptor is connected to, if it is one that is.
    pub(super) fn peer_of(&self, fd: usize) -> Option<SocketAddr> {
        let link = fs::read_link(format!("/proc/{}/fd/{fd}", self.process)).ok()?;
        let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()?;
        self.by_inode.get_or_init(|| table(self.process)).get(&inode).copied()
    }
}

fn table(process: u32) -> HashMap<u64, SocketAddr> {
    let mut table = HashMap::new();
    for kind in ["tcp", "tcp6", "udp", "udp6"] {
        let text = fs::read_to_string(format!("/proc/{process}/net/{kind}")).unwrap_or_default();
        table.extend(text.lines().filter_map(connection));
    }
    table
}

/// The inode and the peer of a line; none of one that is not connected.
fn connection(line: &str) -> Option<(u64, SocketAddr)> {
    let mut fields = line.split_whitespace().skip(2);
    let (ip, port) = fields.next()?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let inode = fields.nth(6)?.parse().ok()?;
    // Words of four bytes, each as the processor has it.
    let words = ip.as_bytes().chunks(8).map(|word| u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok());
    let words: Vec<[u8; 4]> = words.map(|word| word.map(u32::to_ne_bytes)).collect::<Option<_>>()?;
    let ip = match words[..] {
        [word] => IpAddr::V4(Ipv4Addr::from(word)),
        [..] => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?)),
    };
    (port != 0).then_some((inode, SocketAddr::new(ip, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn lines_of_the_kernel_s_tables_are_understood() {
        let line =
            "  5: 0100007F:1F90 0200007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 20 4";
        assert_eq!(connection(line), Some((4711, "127.0.0.2:54321".parse().unwrap())));
        let line =
            "  1: 00000000000000000000000001000000:0016 B80D0120000000000000000001000000:0050 01 0:0 0:0 0 0 0 99 1";
        assert_eq!(connection(line), Some((99, "[2001:db8::1]:80".parse().unwrap())));
        let listening = "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 4712 1";
        assert_eq!(connection(listening), None);
        assert_eq!(connection("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid"), None);
        assert_eq!(connection(""), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_connection_of_this_process_is_found_by_its_descriptor() {
        use std::os::fd::AsRawFd;
        let fd = |socket: &std::net::TcpStream| usize::try_from(socket.as_raw_fd()).unwrap();
        let peers = || Peers::of(std::process::id());
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = std::net::TcpListener::bind(address).unwrap();
            let socket = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            assert_eq!(peers().peer_of(fd(&socket)), Some(listener.local_addr().unwrap()));
            assert_eq!(peers().peer_of(usize::try_from(listener.as_raw_fd()).unwrap()), None);
        }
        assert_eq!(peers().peer_of(usize::MAX), None);
    }
}
